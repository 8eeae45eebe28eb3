// Links quasio's core as an outsider does, and checks that the OpenSSL it came with is the one its headers describe.
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <quasio/base/range_set.hpp>
#include <quasio/wire/connection_id.hpp>

int main() {
  if (OpenSSL_version_num() != OPENSSL_VERSION_NUMBER || OPENSSL_VERSION_NUMBER < 0x30500010L) {
    std::fprintf(stderr, "headers say %s, the library says %s\n", OPENSSL_VERSION_TEXT,
                 OpenSSL_version(OPENSSL_VERSION));
    return 1;
  }
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  if (context == nullptr) return 1;
  SSL_CTX_free(context);

  quasio::range_set received;
  received.insert(1, 5);
  if (!received.contains(3) || received.contains(9)) return 1;
  std::puts("consumer_core: ok");
  return 0;
}

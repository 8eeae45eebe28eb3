#include "crypto/pem_loading.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "crypto/openssl_error.hpp"

namespace quasio::crypto {

namespace {

template <auto Free>
struct deleter {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using certificate = std::unique_ptr<X509, deleter<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using memory_bio = std::unique_ptr<BIO, deleter<BIO_free>>;

unexpected<tls_error> failure(std::string reason) {
  return unexpected<tls_error>(tls_error{.reason = std::move(reason)});
}

std::string described(const pem& source, std::string_view what) {
  std::string text(what);
  text += source.is_file() ? " \"" + source.value() + '"' : " (given as text)";
  return text;
}

// Far beyond any bundle of roots; keeps a wrong path (a device, say) from filling the memory.
constexpr std::size_t max_pem_file_size = std::size_t{16} << 20;

result<std::string, tls_error> read(const pem& source, std::string_view what) {
  if (source.empty()) return failure("no " + std::string(what) + " was given");
  if (!source.is_file()) return source.value();
  errno = 0;
  std::ifstream file(source.value(), std::ios::binary);
  std::string content;
  std::array<char, 4096> piece;
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    content.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    if (content.size() > max_pem_file_size) return failure(described(source, what) + " is too large");
  }
  if (file.is_open() && !file.bad()) return content;
  return failure("cannot read " + described(source, what) + ": " + std::strerror(errno != 0 ? errno : EIO));
}

memory_bio reader_of(const std::string& text) {
  return memory_bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without this OpenSSL would ask for the password of an encrypted key at the terminal, and wait.
int no_password(char*, int, int, void*) { return -1; }

bool is_end_of_pem() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

result<std::vector<certificate>, tls_error> read_certificates(const pem& source, std::string_view what) {
  const auto text = read(source, what);
  if (!text) return unexpected<tls_error>(text.error());
  ERR_clear_error();
  const memory_bio reader = reader_of(*text);
  std::vector<certificate> certificates;
  while (certificate next{PEM_read_bio_X509_AUX(reader.get(), nullptr, no_password, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  const bool at_end = is_end_of_pem();
  const std::string reason = take_openssl_reason();
  if (!at_end) return failure("cannot use " + described(source, what) + ": " + reason);
  if (certificates.empty()) return failure(described(source, what) + " holds no PEM certificate");
  return certificates;
}

result<private_key, tls_error> read_private_key(const pem& source) {
  const auto text = read(source, "private key");
  if (!text) return unexpected<tls_error>(text.error());
  // Said here, because OpenSSL calls whatever is no key "unsupported".
  if (text->find("PRIVATE KEY-----") == text->npos) {
    return failure(described(source, "private key") + " holds no PEM private key");
  }
  ERR_clear_error();
  private_key key(PEM_read_bio_PrivateKey(reader_of(*text).get(), nullptr, no_password, nullptr));
  if (!key) return failure("cannot use " + described(source, "private key") + ": " + take_openssl_reason());
  return key;
}

result<void, tls_error> add_to_store(SSL_CTX* context, const std::vector<certificate>& roots) {
  ERR_clear_error();
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const certificate& root : roots) {
    if (X509_STORE_add_cert(store, root.get()) != 1) return failure("cannot trust a root: " + take_openssl_reason());
  }
  return {};
}

}  // namespace

result<void, tls_error> use_identity(SSL_CTX* context, const pem& chain, const pem& key_source) {
  auto certificates = read_certificates(chain, "certificate chain");
  if (!certificates) return unexpected<tls_error>(certificates.error());
  auto key = read_private_key(key_source);
  if (!key) return unexpected<tls_error>(key.error());

  if (SSL_CTX_use_certificate(context, certificates->front().get()) != 1) {
    return failure("cannot use " + described(chain, "certificate chain") + ": " + take_openssl_reason());
  }
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*certificates)[i].get()) != 1) {
      return failure("cannot use " + described(chain, "certificate chain") + ": " + take_openssl_reason());
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return failure(described(key_source, "private key") + " does not belong to " +
                   described(chain, "certificate chain") + ": " + take_openssl_reason());
  }
  return {};
}

result<void, tls_error> add_roots(SSL_CTX* context, const pem& roots) {
  const auto certificates = read_certificates(roots, "additional roots");
  if (!certificates) return unexpected<tls_error>(certificates.error());
  return add_to_store(context, *certificates);
}

result<void, tls_error> require_client_certificates(SSL_CTX* context, const pem& roots) {
  const auto certificates = read_certificates(roots, "client roots");
  if (!certificates) return unexpected<tls_error>(certificates.error());
  for (const certificate& root : *certificates) SSL_CTX_add_client_CA(context, root.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return add_to_store(context, *certificates);
}

}  // namespace quasio::crypto

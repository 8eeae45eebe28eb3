// Writes a fresh certificate for localhost and its key, for the test that runs the examples: CERTIFICATE.pem KEY.pem
#include <fstream>

#include "crypto/test_certificates.hpp"

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  const auto made = quasio::test::make_self_signed();
  return std::ofstream(argv[1]) << made.certificate_pem && std::ofstream(argv[2]) << made.key_pem ? 0 : 1;
}

#pragma once

#include "quasio/base/bytes.hpp"
#include "quasio/base/random.hpp"

namespace quasio::crypto {

/// The random source of production: OpenSSL's generator, seeded by the operating system. Holds no state; any thread may
/// call. Should the generator fail, the program ends: to go on with guessable bytes would be worse.
class system_random final : public random_source {
public:
  void fill(byte_span out) override;
};

}  // namespace quasio::crypto

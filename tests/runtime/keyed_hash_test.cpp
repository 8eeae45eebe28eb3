#include "runtime/keyed_hash.hpp"

#include <gtest/gtest.h>

#include "quasio/crypto/system_random.hpp"

namespace quasio::runtime {
namespace {

// Of the authors' reference implementation, with a key of zeros.
TEST(keyed_hash, gives_the_reference_values) {
  const keyed_hash hash(std::array<std::uint64_t, 2>{0, 0});
  EXPECT_EQ(hash(as_bytes("")), 0xd1fba762150c532cu);
  EXPECT_EQ(hash(as_bytes("siphash")), 0x8264ceeccb16bcbeu);
  EXPECT_EQ(hash(as_bytes("digest-sip_hash")), 0xce31007e34130c0au);
}

TEST(keyed_hash, differs_by_key) {
  crypto::system_random random;
  const keyed_hash one(random);
  const keyed_hash other(random);
  EXPECT_NE(one(as_bytes("connection")), other(as_bytes("connection")));
}

}  // namespace
}  // namespace quasio::runtime

#include "quasio/base/time.hpp"

#include <gtest/gtest.h>

namespace quasio {
namespace {

TEST(earliest, takes_an_empty_deadline_for_never) {
  const time_point soon{std::chrono::seconds(1)};
  const time_point late{std::chrono::seconds(2)};
  EXPECT_EQ(earliest(soon, late), soon);
  EXPECT_EQ(earliest(late, soon), soon);
  EXPECT_EQ(earliest(std::nullopt, late), late);
  EXPECT_EQ(earliest(soon, std::nullopt), soon);
  EXPECT_EQ(earliest(std::nullopt, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace quasio

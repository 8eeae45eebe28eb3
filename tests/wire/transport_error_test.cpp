#include "quasio/wire/transport_error.hpp"

#include <set>

#include <gtest/gtest.h>

namespace quasio {
namespace {

transport_error_code code(std::uint64_t value) { return static_cast<transport_error_code>(value); }

TEST(transport_error, has_a_name_of_its_own_for_each_code_of_the_rfcs) {
  std::set<std::string> names;
  for (std::uint64_t value = 0x00; value <= 0x11; ++value) {
    const std::string name = to_string(code(value));
    EXPECT_EQ(name.find("UNKNOWN"), std::string::npos) << value;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 0x12u);
  EXPECT_EQ(to_string(transport_error_code::no_error), "NO_ERROR");
  EXPECT_EQ(to_string(transport_error_code::flow_control_error), "FLOW_CONTROL_ERROR");
  EXPECT_EQ(to_string(transport_error_code::version_negotiation_error), "VERSION_NEGOTIATION_ERROR");
}

TEST(transport_error, names_the_tls_alert) {
  EXPECT_EQ(to_string(code(0x100)), "CRYPTO_ERROR (alert 0)");
  EXPECT_EQ(to_string(code(0x100 + 42)), "CRYPTO_ERROR (alert 42)");
  EXPECT_EQ(to_string(code(0x1ff)), "CRYPTO_ERROR (alert 255)");
}

TEST(transport_error, shows_an_unknown_code_as_a_number) {
  EXPECT_EQ(to_string(code(0x12)), "UNKNOWN (0x12)");
  EXPECT_EQ(to_string(code(0x200)), "UNKNOWN (0x200)");
  EXPECT_EQ(to_string(code(0x3fffffffffffffff)), "UNKNOWN (0x3fffffffffffffff)");
}

}  // namespace
}  // namespace quasio

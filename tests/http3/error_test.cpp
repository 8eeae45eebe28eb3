#include "quasio/http3/error.hpp"

#include <gtest/gtest.h>

#include <set>

#include "quasio/http3/field.hpp"
#include "quasio/http3/operation.hpp"

namespace quasio::http3 {
namespace {

TEST(error_code, has_the_names_of_the_rfcs) {
  EXPECT_EQ(to_string(error_code::no_error), "H3_NO_ERROR");
  EXPECT_EQ(to_string(error_code::version_fallback), "H3_VERSION_FALLBACK");
  EXPECT_EQ(to_string(error_code::datagram_error), "H3_DATAGRAM_ERROR");
  EXPECT_EQ(to_string(error_code::qpack_decoder_stream_error), "QPACK_DECODER_STREAM_ERROR");
  EXPECT_EQ(to_string(error_code{0x1f * 2 + 0x21}), "unknown code 0x5f");
  EXPECT_EQ(to_string(error_code{0x3fffffffffffffff}), "unknown code 0x3fffffffffffffff");
}

TEST(error_code, has_a_name_of_its_own_for_each_code) {
  std::set<std::string> names;
  for (std::uint64_t code = 0x100; code <= 0x110; ++code) names.insert(to_string(error_code{code}));
  for (std::uint64_t code = 0x200; code <= 0x202; ++code) names.insert(to_string(error_code{code}));
  EXPECT_EQ(names.size(), 20u);
  for (const std::string& name : names) EXPECT_EQ(name.find("unknown"), std::string::npos) << name;
}

TEST(operation_error, has_a_sentence_for_each) {
  std::set<std::string_view> sentences;
  for (int i = 0; i <= static_cast<int>(operation_error::connection_closed); ++i) {
    sentences.insert(to_string(static_cast<operation_error>(i)));
  }
  EXPECT_EQ(sentences.size(), 8u);
  EXPECT_EQ(sentences.count("unknown error"), 0u);
}

TEST(find_field, gives_the_first_of_a_name) {
  const field_list fields = {{"a", "1", false}, {"b", "2", false}, {"b", "3", false}};
  EXPECT_EQ(find_field(fields, "b"), "2");
  EXPECT_EQ(find_field(fields, "c"), "");
}

}  // namespace
}  // namespace quasio::http3

#include <gtest/gtest.h>

#include "http3/message_validation.hpp"
#include "http3/qifs.hpp"

/// Field lists and what other encoders made of them: the whole of a public collection (see qifs/README.md).
namespace quasio::http3 {
namespace {

using namespace qifs;

const std::string folder = QUASIO_QIFS;

class qpack_interop_files : public ::testing::TestWithParam<const char*> {};

// [rfc9204 2.1#1 2.2#1]
TEST_P(qpack_interop_files, decode_to_the_lists_they_were_made_of) {
  for (const std::string list : list_names) {
    const auto wanted = read_lists(list_path(folder, list));
    ASSERT_FALSE(wanted.empty()) << list;
    for (const setup& with : setups) {
      SCOPED_TRACE(list + " " + with.name());
      const auto file = read_file(encoded_path(folder, GetParam(), list, with));
      ASSERT_TRUE(file);
      const auto blocks = parse_blocks(*file);
      ASSERT_TRUE(blocks);
      const auto sections = decode(*blocks, with);
      ASSERT_TRUE(sections) << sections.error().what.reason;
      ASSERT_EQ(sections->size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_EQ((*sections)[i], wanted[i]) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(of, qpack_interop_files, ::testing::ValuesIn(encoder_names), [](const auto& encoder) {
  return std::string(encoder.param == encoder_names[0] ? "ls_qpack" : encoder.param);
});

/// Two of the twelve errors are none by RFC 9204: they refer to entries 0 and 62 of the static table, which a table of
/// HPACK's kind did not have.
TEST(qpack_interop, refuses_what_must_be_refused) {
  const setup with{4096, 100, true};
  for (const int i : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12}) {
    const std::string name = "err" + std::to_string(i);
    const auto file = read_file(folder + "encoded/errors/" + name);
    ASSERT_TRUE(file) << name;
    const auto blocks = parse_blocks(*file);
    ASSERT_TRUE(blocks) << name;
    for (const setup& one : {with, setup{}}) {
      const auto sections = decode(*blocks, one);
      ASSERT_FALSE(sections) << name;
      EXPECT_EQ(sections.error().cost, breach::scope::connection) << name;
      EXPECT_EQ(to_string(sections.error().what.code),
                to_string(blocks->front().id == 0 ? error_code::qpack_encoder_stream_error
                                                  : error_code::qpack_decompression_failed))
          << name << ": " << sections.error().what.reason;
    }
  }
}

TEST(qpack_interop, takes_what_was_an_error_in_drafts_as_what_it_is_now) {
  const std::pair<const char*, field> valid[] = {{"err9", {":authority", "", false}},
                                                 {"err10", {"x-xss-protection", "1; mode=block", false}}};
  for (const auto& [name, line] : valid) {
    const auto file = read_file(folder + "encoded/errors/" + name);
    ASSERT_TRUE(file) << name;
    const auto sections = decode(parse_blocks(*file).value(), setup{});
    ASSERT_TRUE(sections) << name;
    EXPECT_EQ(*sections, (std::vector<field_list>{{line}}));
    // No message consists of that.
    EXPECT_FALSE(validate_request(sections->front()));
    EXPECT_FALSE(validate_response(sections->front()));
  }
}

// [rfc9204 2.1#1 2.1.2#1 2.2#1 4.5.1.2#1]
TEST(qpack_interop, what_we_encode_decodes_to_the_same) {
  for (const std::string list : list_names) {
    const auto wanted = read_lists(list_path(folder, list));
    for (const setup& with : setups) {
      for (const std::size_t delay : {0, 1, 7, 50}) {
        SCOPED_TRACE(list + " " + with.name() + " " + std::to_string(delay));
        const auto blocks = encode(wanted, with, delay);
        const auto sections = decode(blocks, with);
        ASSERT_TRUE(sections) << sections.error().what.reason;
        EXPECT_TRUE(*sections == wanted);
        EXPECT_LE(streams_at_risk(blocks, with), with.blocked_streams);
      }
    }
  }
}

/// For each list, table and number of blocked streams of the collection. Who let more streams risk blocking than that
/// number is out, and the instruction that sets the capacity counts for all alike.
TEST(qpack_interop, compresses_no_worse_than_the_best_of_the_others) {
  std::size_t compared = 0;
  for (const std::string list : list_names) {
    const auto lists = read_lists(list_path(folder, list));
    for (const setup& with : setups) {
      const auto blocks = encode(lists, with);
      ASSERT_LE(streams_at_risk(blocks, with), with.blocked_streams);
      for (const char* encoder : encoder_names) {
        const auto theirs = effort_of_other(folder, encoder, list, with);
        ASSERT_TRUE(theirs);
        if (!theirs->is_legal(with)) continue;
        EXPECT_LE(size_of(blocks), theirs->whole_size(with)) << list << " " << with.name() << " " << encoder;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 58u) << "of 60; two take more blocked streams than they may";
}

}  // namespace
}  // namespace quasio::http3

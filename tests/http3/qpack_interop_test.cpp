#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "http3/message_validation.hpp"
#include "http3/qifs.hpp"

/// Field lists and what other encoders made of them (see qifs/README.md). The whole collection is some megabytes: where
/// the variable QUASIO_QIFS names a folder that has it, all of it is decoded, and otherwise the part that is kept here.
namespace quasio::http3 {
namespace {

using namespace qifs;

const std::string kept = QUASIO_SOURCE_DIR "/tests/http3/qifs/";

std::optional<std::vector<std::uint8_t>> read_encoded(const std::string& encoder, const std::string& list,
                                                      const setup& with) {
  if (const char* whole = std::getenv("QUASIO_QIFS")) {
    return read_file(std::string(whole) + "/encoded/qpack-05/" + encoder + "/" + list + ".out." + with.name());
  }
  return read_file(kept + "encoded/" + encoder + "/" + list + "." + with.name());
}

TEST(qpack_interop, decodes_what_other_encoders_made) {
  std::size_t files = 0;
  for (const std::string list : list_names) {
    const auto wanted = read_lists(kept + list + ".qif");
    ASSERT_FALSE(wanted.empty()) << list;
    for (const std::string encoder : encoder_names) {
      for (const setup& with : setups) {
        const auto file = read_encoded(encoder, list, with);
        if (!file) continue;
        ++files;
        SCOPED_TRACE(encoder + " " + list + " " + with.name());
        const auto blocks = parse_blocks(*file);
        ASSERT_TRUE(blocks);
        const auto sections = decode(*blocks, with);
        ASSERT_TRUE(sections) << sections.error().what.reason;
        ASSERT_FALSE(sections->empty());
        ASSERT_LE(sections->size(), wanted.size());
        for (std::size_t i = 0; i < sections->size(); ++i) ASSERT_EQ((*sections)[i], wanted[i]) << i;
        if (std::getenv("QUASIO_QIFS") != nullptr) {
          EXPECT_EQ(sections->size(), wanted.size());
        }
      }
    }
  }
  EXPECT_EQ(files, std::getenv("QUASIO_QIFS") != nullptr ? 60u : 36u);
}

/// Two of the twelve errors are none by RFC 9204: they refer to entries 0 and 62 of the static table, which a table of
/// HPACK's kind did not have.
TEST(qpack_interop, refuses_what_must_be_refused) {
  const setup with{4096, 100, true};
  for (const int i : {1, 2, 3, 4, 5, 6, 7, 8, 11, 12}) {
    const std::string name = "err" + std::to_string(i);
    const auto file = read_file(kept + "errors/" + name);
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
    const auto file = read_file(kept + "errors/" + name);
    ASSERT_TRUE(file) << name;
    const auto sections = decode(parse_blocks(*file).value(), setup{});
    ASSERT_TRUE(sections) << name;
    EXPECT_EQ(*sections, (std::vector<field_list>{{line}}));
    // No message consists of that.
    EXPECT_FALSE(validate_request(sections->front()));
    EXPECT_FALSE(validate_response(sections->front()));
  }
}

TEST(qpack_interop, what_we_encode_decodes_to_the_same) {
  for (const std::string list : list_names) {
    const auto wanted = read_lists(kept + list + ".qif");
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

/// Bytes that the other encoders took: lines of list, setup, encoder, bytes, and streams at risk.
struct others {
  struct sum {
    std::size_t bytes = 0;
    std::size_t lists = 0;
  };

  std::map<std::string, std::size_t> best_of_list;                  ///< By list and setup.
  std::map<std::string, std::map<std::string, sum>> sums_of_setup;  ///< By setup and encoder.
};

others read_sizes() {
  others read;
  std::ifstream file(kept + "sizes.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string list;
    std::string with;
    std::string encoder;
    std::size_t bytes = 0;
    std::string verdict;
    if (line.empty() || line.front() == '#' || !(words >> list >> with >> encoder >> bytes >> verdict)) continue;
    if (verdict != "legal") continue;
    std::size_t& best = read.best_of_list[list + " " + with];
    best = best == 0 ? bytes : std::min(best, bytes);
    read.sums_of_setup[with][encoder].bytes += bytes;
    ++read.sums_of_setup[with][encoder].lists;
  }
  return read;
}

TEST(qpack_interop, compresses_no_worse_than_the_best_of_the_others) {
  const others they = read_sizes();
  ASSERT_EQ(they.best_of_list.size(), 15u);
  for (const setup& with : setups) {
    std::size_t sum = 0;
    for (const std::string list : list_names) {
      const std::size_t size = size_of(encode(read_lists(kept + list + ".qif"), with));
      sum += size;
      // Theirs leave out the instruction that sets the capacity, and ours does not; in the shortest list a byte counts.
      constexpr std::size_t capacity_instruction = 3;
      constexpr std::size_t tolerance = capacity_instruction + 1;
      EXPECT_LE(size, they.best_of_list.at(list + " " + with.name()) + tolerance) << list << " " << with.name();
    }
    for (const auto& [encoder, theirs] : they.sums_of_setup.at(with.name())) {
      // Who broke a promise in one list is out.
      if (theirs.lists == std::size(list_names)) {
        EXPECT_LE(sum, theirs.bytes) << encoder << " " << with.name();
      }
    }
  }
}

}  // namespace
}  // namespace quasio::http3

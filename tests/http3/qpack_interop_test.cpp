#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "http3/qpack_decoder.hpp"
#include "http3/test_bytes.hpp"

/// Field lists and what other encoders made of them, from the public QPACK interop collection (see qifs/LICENSE.md).
namespace quasio::http3 {
namespace {

using namespace testing;

bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return bytes{std::istreambuf_iterator<char>(file), {}};
}

/// Sections are separated by empty lines, name and value by a tab.
std::vector<field_list> read_lists(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<field_list> lists(1);
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) {
      lists.emplace_back();
    } else if (line.front() != '#') {
      const std::size_t tab = line.find('\t');
      lists.back().push_back({line.substr(0, tab), line.substr(tab + 1), false});
    }
  }
  std::erase_if(lists, [](const field_list& list) { return list.empty(); });
  return lists;
}

/// Blocks of stream ID (8 bytes), length (4 bytes) and that many bytes.
std::vector<bytes> read_blocks(const std::string& path) {
  const bytes file = read_file(path);
  std::vector<bytes> blocks;
  byte_reader reader(file);
  while (!reader.empty()) {
    const auto id = reader.read_u64();
    const auto block = reader.read_bytes(*reader.read_u32());
    EXPECT_NE(*id, 0u) << "nothing goes on the encoder stream without a dynamic table";
    blocks.emplace_back(block->begin(), block->end());
  }
  return blocks;
}

void expect_same_fields(field_list decoded, const field_list& wanted) {
  for (field& line : decoded) line.never_indexed = false;
  EXPECT_EQ(decoded, wanted);
}

void expect_agreement(const std::string& list_path, const std::string& encoded_path) {
  const auto lists = read_lists(list_path);
  const auto blocks = read_blocks(encoded_path);
  ASSERT_EQ(lists.size(), blocks.size());
  ASSERT_FALSE(lists.empty());
  const section_limits limits{1 << 20, 1000};
  std::size_t our_size = 0;
  std::size_t their_size = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto decoded = qpack_decoder().decode(blocks[i], limits);
    ASSERT_TRUE(decoded) << encoded_path << " block " << i << ": " << decoded.error().what.reason;
    expect_same_fields(*decoded, lists[i]);
    const bytes ours = section(lists[i]);
    const auto again = qpack_decoder().decode(ours, limits);
    ASSERT_TRUE(again);
    expect_same_fields(*again, lists[i]);
    our_size += ours.size();
    their_size += blocks[i].size();
  }
  EXPECT_LE(our_size, their_size + their_size / 100) << "our encoding is less tight than theirs";
}

TEST(qpack_interop, decodes_what_other_encoders_made) {
  const std::string folder = QUASIO_SOURCE_DIR "/tests/http3/qifs/";
  expect_agreement(folder + "netbsd.qif", folder + "netbsd.ls-qpack");
  expect_agreement(folder + "netbsd.qif", folder + "netbsd.quinn");
}

}  // namespace
}  // namespace quasio::http3

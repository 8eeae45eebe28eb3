#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http3/prefixed_integer.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "quasio/base/byte_reader.hpp"
#include "quasio/http3/field.hpp"

/// The public QPACK interop collection: field lists, and what encoders made of them (see qifs/README.md). Folders end
/// in a slash.
namespace quasio::http3::qifs {

/// What an encoded file was made for; its name ends in these.
struct setup {
  std::size_t capacity = 0;
  std::size_t blocked_streams = 0;
  bool acknowledged = false;  ///< All that is sent is acknowledged at once; otherwise nothing ever is.

  std::string name() const {
    return std::to_string(capacity) + "." + std::to_string(blocked_streams) + "." + (acknowledged ? "1" : "0");
  }
};

inline constexpr setup setups[] = {
    {0, 0, false}, {256, 100, true}, {512, 0, true}, {4096, 100, false}, {4096, 100, true}};
inline constexpr const char* list_names[] = {"fb-req", "fb-resp", "netbsd"};
inline constexpr const char* encoder_names[] = {"ls-qpack", "nghttp3", "qthingey", "quinn"};

/// Nothing where there is no such file.
inline std::optional<std::vector<std::uint8_t>> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::vector<std::uint8_t>{std::istreambuf_iterator<char>(file), {}};
}

inline std::string list_path(const std::string& folder, const std::string& list) {
  return folder + "qifs/" + list + ".qif";
}

inline std::string encoded_path(const std::string& folder, const std::string& encoder, const std::string& list,
                                const setup& with) {
  return folder + "encoded/qpack-05/" + encoder + "/" + list + ".out." + with.name();
}

/// Sections are separated by empty lines, name and value by a tab.
inline std::vector<field_list> read_lists(const std::string& path) {
  std::ifstream file(path);
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

/// A piece of a stream. Stream 0 is the encoder stream, any other carries one section.
struct block {
  std::uint64_t id = 0;
  std::vector<std::uint8_t> bytes;
};

/// Blocks of stream ID (8 bytes), length (4 bytes) and that many bytes; nothing for a file that is cut short.
inline std::optional<std::vector<block>> parse_blocks(byte_view file) {
  std::vector<block> blocks;
  byte_reader reader(file);
  while (!reader.empty()) {
    const auto id = reader.read_u64();
    const auto length = id ? reader.read_u32() : std::nullopt;
    const auto bytes = length ? reader.read_bytes(*length) : std::nullopt;
    if (!bytes) return std::nullopt;
    blocks.push_back({*id, {bytes->begin(), bytes->end()}});
  }
  return blocks;
}

inline std::size_t size_of(const std::vector<block>& blocks) {
  std::size_t size = 0;
  for (const block& one : blocks) size += one.bytes.size();
  return size;
}

inline constexpr section_limits wide{1 << 20, 1000};

/// Decodes the blocks of one file; the sections in the order of their streams. The table has its capacity from the
/// start, as the collection has it.
inline result<std::vector<field_list>, breach> decode(const std::vector<block>& blocks, const setup& with) {
  qpack_decoder decoder({with.capacity, with.blocked_streams});
  std::vector<std::uint8_t> capacity;
  append_prefixed_integer(capacity, 0x20, 5, with.capacity);
  if (auto taken = decoder.on_encoder_stream(capacity); !taken) return unexpected<breach>(taken.error());
  std::map<std::uint64_t, field_list> decoded;
  std::map<std::uint64_t, const block*> blocked;
  const auto take = [&](const block& one) -> result<void, breach> {
    const auto ready = decoder.is_decodable(one.id, one.bytes);
    if (!ready) return unexpected<breach>(ready.error());
    if (*ready == false) {
      blocked[one.id] = &one;
      return {};
    }
    auto fields = decoder.decode(one.id, one.bytes, wide);
    if (!fields) return unexpected<breach>(fields.error());
    for (field& line : *fields) line.never_indexed = false;
    decoded[one.id] = std::move(*fields);
    return {};
  };
  for (const block& one : blocks) {
    auto taken = one.id == 0 ? decoder.on_encoder_stream(one.bytes) : take(one);
    while (const auto id = taken ? decoder.take_unblocked() : std::nullopt) taken = take(*blocked.at(*id));
    if (!taken) return unexpected<breach>(taken.error());
  }
  std::vector<field_list> sections;
  for (auto& [id, fields] : decoded) sections.push_back(std::move(fields));
  return sections;
}

/// What our encoder makes of the lists, as blocks. Acknowledgments, if any, come `delay` sections late.
inline std::vector<block> encode(const std::vector<field_list>& lists, const setup& with, std::size_t delay = 0) {
  qpack_encoder encoder;
  encoder.allow_dynamic_table({with.capacity, with.capacity, with.blocked_streams, 1024});
  qpack_decoder decoder({with.capacity, lists.size()});
  std::deque<std::vector<std::uint8_t>> under_way;
  std::vector<block> blocks;
  for (std::uint64_t id = 4; const field_list& list : lists) {
    block section{id, {}};
    encoder.encode(id, list, SIZE_MAX, section.bytes);
    std::vector<std::uint8_t>& instructions = encoder.instructions();
    if (!instructions.empty()) blocks.push_back({0, std::exchange(instructions, {})});
    const byte_view sent = blocks.empty() || blocks.back().id != 0 ? byte_view() : byte_view(blocks.back().bytes);
    blocks.push_back(section);
    if (with.acknowledged && decoder.on_encoder_stream(sent) && decoder.decode(id, section.bytes, wide)) {
      decoder.acknowledge_inserts();
      under_way.push_back(std::exchange(decoder.instructions(), {}));
      if (under_way.size() > delay) {
        (void)encoder.on_decoder_stream(under_way.front());
        under_way.pop_front();
      }
    }
    id += 4;
  }
  return blocks;
}

/// How many streams of a file could block at a time, going by what has been acknowledged: more than the setup allows is
/// no encoding of it (RFC 9204, section 2.1.2).
inline std::size_t streams_at_risk(const std::vector<block>& blocks, const setup& with) {
  if (with.acknowledged) return 0;
  return static_cast<std::size_t>(std::count_if(blocks.begin(), blocks.end(), [](const block& one) {
    return one.id != 0 && !one.bytes.empty() && one.bytes.front() != 0;
  }));
}

/// The instruction that sets the capacity (RFC 9204, section 4.3.1), which ours has to send and the files leave out.
inline std::size_t capacity_instruction_size(const setup& with) {
  std::vector<std::uint8_t> instruction;
  append_prefixed_integer(instruction, 0x20, 5, with.capacity);
  return with.capacity == 0 ? 0 : instruction.size();
}

/// What an encoder needed for a list.
struct effort {
  std::size_t bytes = 0;            ///< On all streams.
  std::size_t inserts = 0;          ///< Bytes on the encoder stream.
  std::size_t streams_at_risk = 0;  ///< With nothing acknowledged.

  /// Whether it kept to what it was made for.
  bool is_legal(const setup& with) const { return streams_at_risk <= with.blocked_streams; }

  /// By RFC 9204: with the instruction that makes the rest possible.
  std::size_t whole_size(const setup& with) const {
    return bytes + (inserts > 0 ? capacity_instruction_size(with) : 0);
  }
};

inline effort effort_of(const std::vector<block>& blocks, const setup& with) {
  effort sum{size_of(blocks), 0, streams_at_risk(blocks, with)};
  for (const block& one : blocks) sum.inserts += one.id == 0 ? one.bytes.size() : 0;
  return sum;
}

/// Nothing where the file is missing.
inline std::optional<effort> effort_of_other(const std::string& folder, const std::string& encoder,
                                             const std::string& list, const setup& with) {
  const auto file = read_file(encoded_path(folder, encoder, list, with));
  const auto blocks = file ? parse_blocks(*file) : std::nullopt;
  if (!blocks) return std::nullopt;
  return effort_of(*blocks, with);
}

}  // namespace quasio::http3::qifs

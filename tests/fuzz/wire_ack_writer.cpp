// The ranges of packets received are what a peer makes them. The input is a list of (skip, length) bytes, then the
// space and the number of ranges that are allowed: what is written fits, and reads as the newest of them.

#include <cstdlib>
#include <vector>

#include "quasio/base/byte_reader.hpp"
#include "wire/ack_frame.hpp"

namespace {

using namespace quasio;
using namespace quasio::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

range_set ranges_from(byte_reader& in) {
  range_set ranges;
  std::uint64_t next = 0;
  while (in.remaining() >= 2) {
    const std::uint64_t begin = next + std::uint64_t{*in.read_u8()} * 97;
    next = begin + *in.read_u8();
    ranges.insert(begin, next);
  }
  return ranges;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_reader in(byte_view(data, size));
  const auto space = in.read_u16();
  const auto max_ranges = in.read_u8();
  if (!space || !max_ranges) return 0;
  const range_set received = ranges_from(in);
  std::vector<std::uint8_t> bytes(*space % 2048);
  byte_writer out(bytes);
  const bool wrote = write_ack(out, received, *space, std::nullopt, *max_ranges);
  require(!out.overflowed() && wrote == (out.position() > 0));
  require(out.position() <= ack_size(received, *space, std::nullopt, *max_ranges));
  if (!wrote) return 0;
  byte_reader written(out.written());
  require(written.read_u8() == 0x02);
  const auto ack = read_ack(written, false);
  require(ack.has_value() && written.empty());
  std::size_t count = 0;
  auto expected = received.rbegin();
  for (const ack_range& range : ack->ranges) {
    require(expected != received.rend());
    require(range.smallest == expected->begin && range.largest == expected->end - 1);
    ++expected;
    ++count;
  }
  require(count >= 1 && count <= *max_ranges);
  return 0;
}

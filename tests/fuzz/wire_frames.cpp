// The payload of a decrypted packet. Whatever is read must be written again in the size foretold, and read as the same.

#include <cstdlib>
#include <vector>

#include "wire/frame_reader.hpp"
#include "wire/frame_writer.hpp"

namespace {

using namespace quasio;
using namespace quasio::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::uint8_t> written(const frame& value) {
  std::vector<std::uint8_t> bytes(encoded_size(value));
  byte_writer out(bytes);
  write(out, value);
  require(!out.overflowed() && out.remaining() == 0);
  return bytes;
}

void check_ranges(const ack_frame& ack) {
  packet_number below = ack.largest + 1;
  for (const ack_range& range : ack.ranges) {
    require(range.smallest <= range.largest && range.largest < below);
    below = range.smallest;
  }
}

void check(const frame& value) {
  if (const auto* ack = std::get_if<ack_frame>(&value)) check_ranges(*ack);
  const std::vector<std::uint8_t> bytes = written(value);
  frame_reader again(bytes);
  const auto reread = again.next();
  require(reread.has_value() && again.done() && reread->index() == value.index());
  require(written(*reread) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frame_reader in(byte_view(data, size));
  std::size_t before = 0;
  do {
    const auto next = in.next();
    if (!next) {
      require(in.done());
      return 0;
    }
    require(in.position() > before);
    before = in.position();
    check(*next);
  } while (!in.done());
  return 0;
}

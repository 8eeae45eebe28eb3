#include "quic/stateless_reset_sender.hpp"

#include <algorithm>

#include "crypto/stateless_reset.hpp"
#include "quasio/wire/stateless_reset_token.hpp"
#include "wire/packet_header.hpp"

namespace quasio::quic {
namespace {

// Section 10.3: shorter ones are no valid packets of any kind.
constexpr std::size_t min_reset = 21;

// Section 10.3: long enough to pass for a packet that is addressed to an ID of any length.
constexpr std::size_t natural_reset = 42;

// Lengths vary, as those of packets do; a power of two.
constexpr std::size_t length_spread = 64;

// Section 21.11: who can name IDs before they are in use collects the tokens of connections yet to come. Below so many
// bytes they can all be named.
constexpr std::size_t min_id_size = 8;

/// Strictly shorter than the cause (section 10.3.3), so that two endpoints without state soon have no more to say.
std::size_t choose_size(std::size_t cause, std::uint8_t noise) noexcept {
  const std::size_t most = cause - 1;
  return std::min(most, natural_reset + noise % length_spread);
}

}  // namespace

stateless_reset_sender::answer stateless_reset_sender::write(byte_view cause, std::size_t id_size, byte_span reply,
                                                             random_source& random, time_point now) {
  const bool is_candidate = settings_.enabled && id_size >= min_id_size && cause.size() > min_reset &&
                            cause.size() > id_size && wire::first_byte::has_fixed_bit(cause.front());
  if (!is_candidate || reply.size() < natural_reset + length_spread) return {};
  if (!rate_.take(now)) return {outcome::limited, 0};

  std::uint8_t noise = 0;
  random.fill(byte_span(&noise, 1));
  const std::size_t size = choose_size(cause.size(), noise);
  const auto token = crypto::derive_stateless_reset_token(key_, cause.subspan(1, id_size));
  const byte_span unpredictable = reply.first(size - token.size());
  random.fill(unpredictable);
  // A short header: the form bit is clear, the fixed bit set.
  unpredictable.front() = static_cast<std::uint8_t>((unpredictable.front() & 0x3fu) | 0x40u);
  std::ranges::copy(token, reply.subspan(unpredictable.size()).begin());
  return {outcome::written, size};
}

}  // namespace quasio::quic

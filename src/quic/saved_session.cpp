#include "quasio/quic/saved_session.hpp"

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"
#include "quic/remembered_parameters.hpp"

namespace quasio::quic {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::uint8_t early_data_flag = 1;

std::vector<std::uint8_t> copy(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::vector<std::uint8_t> encode(const saved_session& session) {
  const auto parameters = encode_transport_parameters(remembered(session.parameters), endpoint_role::server);
  constexpr std::size_t most_of_lengths = 4 * 8;
  std::vector<std::uint8_t> bytes(1 + 4 + 1 + most_of_lengths + session.alpn.size() + parameters.size() +
                                  session.ticket.size() + session.application_context.size());
  byte_writer out(bytes);
  out.write_u8(format);
  out.write_u32(static_cast<std::uint32_t>(session.version));
  out.write_u8(session.allows_early_data ? early_data_flag : 0);
  out.write_varint_prefixed(as_bytes(session.alpn));
  out.write_varint_prefixed(parameters);
  out.write_varint_prefixed(session.ticket);
  out.write_varint_prefixed(session.application_context);
  bytes.resize(out.position());
  return bytes;
}

std::optional<saved_session> decode_saved_session(byte_view bytes) {
  if (bytes.size() > max_saved_session_size) return std::nullopt;
  byte_reader in(bytes);
  if (in.read_u8() != format) return std::nullopt;
  const auto version = in.read_u32();
  const auto flags = in.read_u8();
  const auto alpn = in.read_varint_prefixed();
  const auto parameters = in.read_varint_prefixed();
  const auto ticket = in.read_varint_prefixed();
  const auto context = in.read_varint_prefixed();
  if (!version || !flags || !alpn || !parameters || !ticket || !context || !in.empty()) return std::nullopt;
  if (*flags > early_data_flag || alpn->empty() || alpn->size() > 255 || ticket->empty()) return std::nullopt;
  const auto decoded = decode_transport_parameters(*parameters, endpoint_role::server);
  if (!decoded) return std::nullopt;
  return saved_session{.version = static_cast<quic_version>(*version),
                       .alpn = std::string(as_text(*alpn)),
                       .allows_early_data = *flags == early_data_flag,
                       .parameters = remembered(*decoded),
                       .ticket = copy(*ticket),
                       .application_context = copy(*context)};
}

}  // namespace quasio::quic

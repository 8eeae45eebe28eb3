#include "quic/early_data_gate.hpp"

#include <algorithm>
#include <optional>

#include "quasio/base/byte_reader.hpp"
#include "quasio/base/byte_writer.hpp"
#include "quic/remembered_parameters.hpp"

namespace quasio::quic {
namespace {

// Bound into a ticket that TLS seals: nobody but a server with its keys can have written it.
constexpr std::uint8_t format = 1;

struct ticket_content {
  quic_version version;
  byte_view parameters;
  byte_view application_context;
};

std::optional<ticket_content> read(byte_view context) {
  byte_reader in(context);
  if (in.read_u8() != format) return std::nullopt;
  const auto version = in.read_u32();
  const auto parameters = in.read_varint_prefixed();
  const auto application = in.read_varint_prefixed();
  if (!version || !parameters || !application || !in.empty()) return std::nullopt;
  return ticket_content{static_cast<quic_version>(*version), *parameters, *application};
}

}  // namespace

std::vector<std::uint8_t> early_data_gate::ticket_context(quic_version negotiated) const {
  const auto parameters = encode_transport_parameters(remembered(own_), endpoint_role::server);
  std::vector<std::uint8_t> context(1 + 4 + 2 * 8 + parameters.size() + options_.application_context.size());
  byte_writer out(context);
  out.write_u8(format);
  out.write_u32(static_cast<std::uint32_t>(negotiated));
  out.write_varint_prefixed(parameters);
  out.write_varint_prefixed(options_.application_context);
  context.resize(out.position());
  return context;
}

bool early_data_gate::accepts_ticket(byte_view context) const {
  const auto content = read(context);
  return content && content->version == version_;
}

bool early_data_gate::accepts_early_data(const crypto::early_data_offer& offer, time_point now) {
  refusal_ = judge(offer, now);
  return refusal_ == early_data_refusal::none;
}

early_data_refusal early_data_gate::judge(const crypto::early_data_offer& offer, time_point now) const {
  const auto content = read(offer.ticket_context);
  if (!content || content->version != version_ || !is_open()) return early_data_refusal::session;
  const auto before = decode_transport_parameters(content->parameters, endpoint_role::server);
  if (!before || !reduced_limit(own_, *before).empty()) return early_data_refusal::parameters;
  if (!understands(content->application_context)) return early_data_refusal::application;
  // Last, so that only what would be accepted costs the guard anything.
  const bool first = options_.replay_guard->is_first(offer.client_random, now);
  return first ? early_data_refusal::none : early_data_refusal::possibly_a_replay;
}

bool early_data_gate::understands(byte_view former) const {
  if (options_.accepts_context) return options_.accepts_context(former);
  return std::ranges::equal(former, options_.application_context);
}

}  // namespace quasio::quic

#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http3/abuse_guard.hpp"
#include "http3/control_stream.hpp"
#include "http3/datagram_inbox.hpp"
#include "http3/early_priorities.hpp"
#include "http3/event_queue.hpp"
#include "http3/exchange.hpp"
#include "http3/goaway.hpp"
#include "http3/local_streams.hpp"
#include "http3/peer_streams.hpp"
#include "http3/qpack_decoder.hpp"
#include "http3/qpack_encoder.hpp"
#include "http3/seen_requests.hpp"
#include "http3/transport_streams.hpp"
#include "quasio/http3/operation.hpp"
#include "quasio/http3/statistics.hpp"
#include "quasio/quic/events.hpp"

namespace quasio::http3 {

/// What http3::connection does, over any transport_streams: it routes the transport's events to the parts, and the
/// application's wishes to the exchanges. Calls mean what their namesakes of http3::connection mean.
class session {
public:
  session(endpoint_role role, const settings& limits, random_source& random);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void remember(const peer_settings& former) noexcept { control_.remember(former); }
  void start(transport_streams& transport);
  void handle(transport_streams& transport, const quic::event& happened);
  std::optional<event> poll_event();

  operation_result<stream_id> send_request(transport_streams& transport, const field_list& fields, bool end);
  operation_result<void> send_response(transport_streams& transport, stream_id id, const field_list& fields, bool end);
  operation_result<std::size_t> write_body(transport_streams& transport, stream_id id, byte_view data, bool end);
  operation_result<void> send_trailers(transport_streams& transport, stream_id id, const field_list& fields);
  operation_result<body_read> read_body(transport_streams& transport, stream_id id, byte_span out);
  operation_result<void> cancel(transport_streams& transport, stream_id id, error_code code);
  void send_goaway(transport_streams& transport);

  operation_result<void> set_priority(transport_streams& transport, stream_id id, const priority& wanted);
  operation_result<priority> priority_of(stream_id id) const;

  operation_result<void> allow_datagrams(stream_id id);
  std::size_t max_datagram_payload(std::size_t of_transport, stream_id id) const;
  operation_result<void> send_datagram(transport_streams& transport, stream_id id, byte_view payload,
                                       const datagram_options& options);
  std::optional<byte_view> peek_datagram(stream_id id) const;
  void pop_datagram(stream_id id);

  std::size_t open_exchanges() const noexcept { return exchanges_.size(); }
  const peer_settings& peer() const noexcept { return control_.peer(); }
  quasio::http3::statistics statistics() const;

private:
  void on(transport_streams& transport, const quic::stream_opened& opened);
  void on(transport_streams& transport, const quic::stream_readable& readable);
  void on(transport_streams& transport, const quic::stream_writable& writable);
  void on(transport_streams& transport, const quic::stream_reset& reset);
  void on(transport_streams& transport, const quic::stream_stopped& stopped);
  void on(transport_streams& transport, const quic::stream_closed& closed);
  void on(transport_streams& transport, const quic::streams_available& available);
  void on(transport_streams& transport, const quic::datagrams_readable& readable);
  void on(transport_streams& transport, const quic::datagrams_writable& writable);
  void on(transport_streams& transport, const quic::connection_closed& closed);
  void on(transport_streams&, const quic::early_data_rejected&) noexcept { control_.forget_remembered(); }
  template <class Other>
  void on(transport_streams&, const Other&) noexcept {}  ///< Nothing to HTTP/3.

  exchange_context context(transport_streams& transport) noexcept;
  peer_stream_readers readers() noexcept { return {control_, decoder_, encoder_, events_, guard_, counts_}; }
  exchange* find_exchange(stream_id id) noexcept;
  const exchange* find_exchange(stream_id id) const noexcept;
  operation_result<exchange*> exchange_to_use(transport_streams& transport, stream_id id) noexcept;
  void admit_request(transport_streams& transport, stream_id id);
  void read_peer_stream(transport_streams& transport, stream_id id);
  void heed_settings();
  void heed_goaway(transport_streams& transport);
  void heed_priorities(transport_streams& transport);
  void heed_priority(transport_streams& transport, const priority_update& update);
  void take_datagram(transport_streams& transport, byte_view data);
  void take_early_datagrams(transport_streams& transport, exchange& of);
  bool has_agreed_on_datagrams() const noexcept;
  bool may_still_come(transport_streams& transport, stream_id id);
  void check_load(transport_streams& transport);
  void prepare(event& next);
  void resume_unblocked(transport_streams& transport);
  void send_acknowledgments(transport_streams& transport);
  void fail(transport_streams& transport, const error& why);

  endpoint_role role_;
  settings limits_;
  event_queue events_;
  abuse_guard guard_;
  quasio::http3::statistics counts_;
  datagram_inbox datagrams_;
  qpack_encoder encoder_;
  qpack_decoder decoder_;
  control_stream control_;
  local_streams local_streams_;
  peer_streams peer_streams_;
  local_goaway goaway_;
  seen_requests seen_;  ///< By a server.
  early_priorities early_priorities_;
  std::unordered_map<stream_id, exchange> exchanges_;
  std::unordered_set<stream_id> early_requests_;  ///< Begun by early data, and not told yet.
  std::vector<std::uint8_t> scratch_;
  bool settings_heeded_ = false;
  bool wants_requests_ = false;  ///< send_request() ran into the peer's limit.
  bool ended_ = false;           ///< We closed the connection, or it has ended.
};

}  // namespace quasio::http3

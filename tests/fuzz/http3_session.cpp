// A whole HTTP/3 session against a peer that writes any bytes on any streams, while an application reads, answers and
// cancels. The input is a list of commands; see command().

#include <cstdlib>
#include <set>
#include <variant>
#include <vector>

#include "http3/session.hpp"
#include "http3/transport_double.hpp"

namespace {

using namespace quasio;
using namespace quasio::http3;
using http3::testing::endpoint_double;

void require(bool holds) {
  if (!holds) std::abort();
}

class counting_random final : public random_source {
public:
  void fill(byte_span out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

private:
  std::uint8_t next_ = 0;
};

settings tight_limits() {
  settings limits;
  limits.max_field_section_size = 1024;
  limits.max_fields = 16;
  limits.max_skipped_bytes = 256;
  limits.max_interim_responses = 2;
  limits.enable_connect_protocol = true;
  return limits;
}

class play {
public:
  explicit play(endpoint_role role)
      : role_(role), self_(role), peer_(other(role)), session_(role, tight_limits(), random_) {
    self_.join(peer_);
    self_.send_buffer = 512;
    session_.start(self_);
    if (role == endpoint_role::client) ask();
  }

  /// One command: a byte that says what, one that says on which stream, one that says how many bytes follow.
  void command(byte_reader& input) {
    const auto what = input.read_u8();
    const auto which = input.read_u8();
    if (!what || !which) return;
    switch (*what % 12) {
      case 0:
        return open(stream_direction::bidirectional, input);
      case 1:
        return open(stream_direction::unidirectional, input);
      case 2:
      case 3:
        return write(*which, input, false);
      case 4:
        return write(*which, input, true);
      case 5:
        return peer_.reset_stream(peer_stream(*which), error_code{*which});
      case 6:
        return peer_.stop_sending(peer_stream(*which), error_code{*which});
      case 7:
        return read(known(*which));
      case 8:
        return answer(known(*which));
      case 9:
        return cancel(known(*which), *which);
      case 10:
        return session_.send_goaway(self_);
      default:
        return ask();
    }
  }

  /// Lets everything travel and listens.
  void settle() {
    bool moved = true;
    while (moved) {
      moved = peer_.deliver_all(37);
      moved = self_.deliver_all() || moved;
      while (peer_.poll_event()) {
      }
      while (const auto happened = self_.poll_event()) {
        session_.handle(self_, *happened);
        listen();
        moved = true;
      }
      listen();
    }
  }

  bool is_over() const { return self_.is_closed(); }

  /// At the end: what is read to its end or cancelled leaves nothing behind.
  void finish() {
    for (const stream_id id : std::set<stream_id>(known_)) cancel(id, 1);
    for (const stream_id id : peer_.stream_ids()) {
      peer_.stop_sending(id, error_code::no_error);
      if (direction_of(id) == stream_direction::bidirectional) peer_.reset_stream(id, error_code::no_error);
    }
    settle();
    if (!is_over()) require(session_.open_exchanges() == 0 && known_.empty());
  }

private:
  static byte_view payload(byte_reader& input) {
    const auto size = input.read_u8();
    return input.read_bytes(std::min<std::size_t>(size.value_or(0), input.remaining())).value_or(byte_view{});
  }

  void open(stream_direction direction, byte_reader& input) {
    if (role_ == endpoint_role::client && direction == stream_direction::bidirectional) return;
    const auto id = peer_.open_stream(direction);
    if (id) (void)peer_.stream_write_whole(*id, payload(input), false);
  }

  void write(std::uint8_t which, byte_reader& input, bool fin) {
    (void)peer_.stream_write_whole(peer_stream(which), payload(input), fin);
  }

  stream_id peer_stream(std::uint8_t which) const {
    const auto ids = peer_.stream_ids();
    return ids.empty() ? 0 : ids[which % ids.size()];
  }

  stream_id known(std::uint8_t which) const {
    if (known_.empty()) return 0;
    return *std::next(known_.begin(), static_cast<std::ptrdiff_t>(which % known_.size()));
  }

  void ask() {
    const field_list fields = {{":method", known_.size() % 3 == 1 ? "HEAD" : "POST", false},
                               {":scheme", "https", false},
                               {":authority", "a", false},
                               {":path", "/", false}};
    const auto id = session_.send_request(self_, fields, known_.size() % 2 == 0);
    if (id) known_.insert(*id);
  }

  void read(stream_id id) {
    std::uint8_t buffer[50];
    const auto got = session_.read_body(self_, id, buffer);
    if (got) require(got->size <= sizeof(buffer));
    if (got && got->finished) ended_.insert(id);
  }

  void answer(stream_id id) {
    (void)session_.send_response(self_, id, {{":status", "200", false}}, false);
    const std::vector<std::uint8_t> body(700, 'x');
    (void)session_.write_body(self_, id, body, true);
  }

  void cancel(stream_id id, std::uint8_t code) {
    (void)session_.cancel(self_, id, code == 0 ? error_code::no_error : error_code::request_cancelled);
  }

  /// The application hears of an exchange first by its request, never after its close, and of an end once.
  void listen() {
    while (const auto told = session_.poll_event()) {
      if (const auto* fields = std::get_if<fields_received>(&*told)) {
        if (fields->kind == section_kind::request) require(known_.insert(fields->id).second);
        require(known_.count(fields->id) > 0);
        require(fields->kind == section_kind::trailers || ended_.count(fields->id) == 0);
        if (fields->end_of_message) ended_.insert(fields->id);
      } else if (const auto* readable = std::get_if<body_readable>(&*told)) {
        require(known_.count(readable->id) > 0 && ended_.count(readable->id) == 0);
      } else if (const auto* writable = std::get_if<body_writable>(&*told)) {
        require(known_.count(writable->id) > 0);
      } else if (const auto* aborted = std::get_if<message_aborted>(&*told)) {
        require(known_.count(aborted->id) > 0);
      } else if (const auto* refused = std::get_if<message_refused>(&*told)) {
        require(known_.count(refused->id) > 0);
      } else if (const auto* closed = std::get_if<exchange_closed>(&*told)) {
        require(known_.erase(closed->id) == 1);
      }
    }
  }

  endpoint_role role_;
  endpoint_double self_;
  endpoint_double peer_;
  counting_random random_;
  session session_;
  std::set<stream_id> known_;
  std::set<stream_id> ended_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_reader input(byte_view(data, size));
  const auto role = input.read_u8();
  if (!role || size > 4096) return 0;
  play game((*role & 1) == 0 ? endpoint_role::client : endpoint_role::server);
  while (!input.empty() && !game.is_over()) {
    game.command(input);
    game.settle();
  }
  game.finish();
  return 0;
}

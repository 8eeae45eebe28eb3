#include <map>
#include <set>
#include <utility>

#include "http3/session_fixture.hpp"

/// Conversations of random shape over a transport that cuts everything into random pieces.
namespace quasio::http3 {
namespace {

using namespace testing;

std::string random_text(seeded_random& random, std::size_t size) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random.below(26));
  return text;
}

field_list random_fields(seeded_random& random, field_list fields) {
  for (std::size_t n = random.below(8); n > 0; --n) {
    fields.push_back({"x-" + random_text(random, 1 + random.below(20)), random_text(random, random.below(300)),
                      random.below(4) == 0});
  }
  return fields;
}

/// A message as one side means it, and how far it has got with sending.
struct planned_message {
  std::vector<field_list> interim;
  field_list head;
  std::string body;
  field_list trailers;
  bool has_trailers = false;
  std::size_t begun = 0;  ///< Sections sent.
  std::size_t sent = 0;
  bool finished = false;
};

/// A message as the other side got it.
struct received_message {
  std::size_t interim = 0;
  field_list head;
  std::string body;
  field_list trailers;
  bool finished = false;
};

planned_message plan(seeded_random& random, const field_list& head) {
  planned_message message;
  message.body = random_text(random, random.below(2) == 0 ? 0 : random.below(30'000));
  message.head = random_fields(random, head);
  if (random.below(3) == 0) message.head.push_back({"content-length", std::to_string(message.body.size()), false});
  message.has_trailers = random.below(3) == 0;
  message.trailers = random_fields(random, {});
  return message;
}

/// Sends a part of what is left of a message.
void advance(talker& from, stream_id id, planned_message& message, seeded_random& random) {
  if (message.finished) return;
  const std::size_t left = message.body.size() - message.sent;
  const std::size_t piece = std::min(left, 1 + random.below(5000));
  const bool ends = piece == left && !message.has_trailers;
  const auto taken = from.state.write_body(from.transport, id,
                                           as_bytes(std::string_view(message.body).substr(message.sent, piece)), ends);
  ASSERT_TRUE(taken) << to_string(taken.error());
  message.sent += *taken;
  if (*taken < piece) return;
  if (message.sent == message.body.size() && message.has_trailers) {
    ASSERT_TRUE(from.state.send_trailers(from.transport, id, message.trailers));
    message.finished = true;
  }
  message.finished = message.finished || ends;
}

class conversation {
public:
  explicit conversation(std::uint64_t seed) : random_(seed), net_({}, {}, seed) {
    for (endpoint_double* end : {&net_.client.transport, &net_.server.transport}) {
      end->send_buffer = 100 + random_.below(20'000);
      end->receive_window = 50 + random_.below(20'000);
    }
  }

  void run() {
    for (std::size_t n = 1 + random_.below(6); n > 0; --n) ask();
    for (int turn = 0; turn < 20'000 && !is_over(); ++turn) take_turn();
    ASSERT_TRUE(is_over()) << "the conversation has stalled";
    for (const auto& [id, message] : requests_) expect_same(message, asked_[id]);
    for (const auto& [id, message] : responses_) expect_same(message, answered_[id]);
    EXPECT_FALSE(net_.client.closed_with());
    EXPECT_FALSE(net_.server.closed_with());
    EXPECT_EQ(net_.client.state.open_exchanges(), 0u);
    EXPECT_EQ(net_.server.state.open_exchanges(), 0u);
  }

private:
  bool is_over() const { return closed_[0] == requests_.size() && closed_[1] == requests_.size(); }

  void ask() {
    planned_message message = plan(random_, post_request());
    const bool ends = message.body.empty() && !message.has_trailers && random_.below(2) == 0;
    const auto id = net_.client.state.send_request(net_.client.transport, message.head, ends);
    ASSERT_TRUE(id);
    message.finished = ends;
    requests_[*id] = message;
  }

  void answer(stream_id id) {
    planned_message message = plan(random_, response());
    for (std::size_t n = random_.below(3); n > 0; --n) {
      message.interim.push_back(random_fields(random_, response("103")));
      ASSERT_TRUE(net_.server.state.send_response(net_.server.transport, id, message.interim.back(), false));
    }
    const bool ends = message.body.empty() && !message.has_trailers && random_.below(2) == 0;
    ASSERT_TRUE(net_.server.state.send_response(net_.server.transport, id, message.head, ends));
    message.finished = ends;
    responses_[id] = message;
  }

  void take_turn() {
    talker& self = random_.below(2) == 0 ? net_.client : net_.server;
    const auto ids = self.transport.stream_ids();
    if (!ids.empty())
      self.transport.deliver(ids[random_.below(ids.size())], 1 + random_.below(random_.below(2) == 0 ? 5 : 3000));
    net_.client.turn();
    net_.server.turn();
    listen(net_.client, answered_, 0);
    listen(net_.server, asked_, 1);
    for (auto& [id, message] : requests_) {
      if (random_.below(3) == 0) advance(net_.client, id, message, random_);
    }
    for (auto& [id, message] : responses_) {
      if (random_.below(3) == 0) advance(net_.server, id, message, random_);
    }
  }

  void listen(talker& self, std::map<stream_id, received_message>& heard, std::size_t side) {
    self.collect();
    const std::vector<event> events = std::exchange(self.events, {});
    for (const event& one : events) {
      ASSERT_FALSE(std::holds_alternative<message_aborted>(one));
      ASSERT_FALSE(std::holds_alternative<message_refused>(one));
      if (const auto* fields = std::get_if<fields_received>(&one)) take_fields(*fields, heard[fields->id]);
      if (const auto* readable = std::get_if<body_readable>(&one)) unread_[side].insert(readable->id);
      if (std::holds_alternative<exchange_closed>(one)) ++closed_[side];
    }
    // Readers come when they like, and read as much as they like.
    for (auto id = unread_[side].begin(); id != unread_[side].end();) {
      if (random_.below(2) == 0 || !read(self, *id, heard[*id])) {
        ++id;
      } else {
        id = unread_[side].erase(id);
      }
    }
  }

  void take_fields(const fields_received& told, received_message& message) {
    // read_body() may have said already that the message ended with these trailers.
    if (told.kind != section_kind::trailers) {
      ASSERT_FALSE(message.finished);
    }
    message.finished = message.finished || told.end_of_message;
    switch (told.kind) {
      case section_kind::interim_response:
        ++message.interim;
        return;
      case section_kind::trailers:
        message.trailers = told.fields;
        return;
      case section_kind::response:
        message.head = told.fields;
        return;
      case section_kind::request:
        message.head = told.fields;
        answer(told.id);
    }
  }

  /// True when there is nothing more at hand.
  bool read(talker& self, stream_id id, received_message& message) {
    bytes buffer(1 + random_.below(4000));
    const auto got = self.state.read_body(self.transport, id, buffer);
    if (!got) {
      ADD_FAILURE() << to_string(got.error());
      return true;
    }
    message.body.append(as_text(byte_view(buffer).first(got->size)));
    message.finished = message.finished || got->finished;
    return got->finished || got->size < buffer.size();
  }

  static void expect_same(const planned_message& sent, const received_message& got) {
    EXPECT_TRUE(got.finished);
    EXPECT_EQ(got.head, sent.head);
    EXPECT_EQ(got.body, sent.body);
    EXPECT_EQ(got.interim, sent.interim.size());
    if (sent.has_trailers) {
      EXPECT_EQ(got.trailers, sent.trailers);
    }
  }

  seeded_random random_;
  pair_of_talkers net_;
  std::map<stream_id, planned_message> requests_;
  std::map<stream_id, planned_message> responses_;
  std::map<stream_id, received_message> asked_;
  std::map<stream_id, received_message> answered_;
  std::set<stream_id> unread_[2];
  std::size_t closed_[2] = {};
};

TEST(random_conversations, lose_nothing_whatever_the_pieces) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    conversation(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

/// One byte at a time, with a look at the session after each.
TEST(random_conversations, survive_delivery_in_single_bytes) {
  talker_and_raw_peer net(endpoint_role::server);
  net.send_unidirectional(varint(stream_type::control) + frame(frame_type::settings, varint(6) + varint(9999)), false,
                          1);
  const stream_id id = net.send_request(
      headers(with(post_request(), "content-length", "6")) + data("abc") + data("def") + headers({{"t", "1", false}}),
      true, 1);
  bool finished = false;
  EXPECT_EQ(net.self.read(id, &finished, 1), "abcdef");
  EXPECT_TRUE(finished);
  EXPECT_EQ(net.self.count<fields_received>(), 2u);
  expect_open(net);
}

}  // namespace
}  // namespace quasio::http3

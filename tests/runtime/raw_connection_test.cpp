// Connections whose datagrams the program carries itself.

#include <deque>

#include "runtime/memory_path.hpp"

namespace quasio::test {
namespace {

using quic_event = quic::event;

/// Answers what comes on streams with the same bytes.
class echoing final : public runtime::application_over_quic {
public:
  void on_connection_established(runtime::worker&, time_point) override {}
  void on_event(runtime::worker& host, const quic_event& event, time_point) override {
    if (const auto* opened = std::get_if<quic::stream_opened>(&event)) streams_.push_back(opened->id);
    static_cast<void>(host);
  }
  void process_writes(runtime::worker& host, time_point) override {
    for (const stream_id id : streams_) copy(host.connection(), id);
  }
  void on_connection_closed(const runtime::connection_end&) override {}

private:
  static void copy(quic::connection& connection, stream_id id) {
    for (;;) {
      const auto chunk = connection.stream_peek(id);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      const auto taken = connection.stream_write(id, chunk->bytes, chunk->fin);
      if (!taken) return;
      const bool all = *taken == chunk->bytes.size();
      static_cast<void>(connection.stream_consume(id, *taken));
      if (!all || chunk->fin) return;
    }
  }

  std::vector<stream_id> streams_;
};

struct outcome {
  std::string answer;
  bool established = false;
  bool whole = false;
  std::optional<runtime::connection_end> end;
};

/// Sends some bytes, reads the answer and closes.
class asking final : public runtime::application_over_quic {
public:
  asking(std::string text, outcome& told) : text_(std::move(text)), told_(told) {}

  void on_connection_established(runtime::worker& host, time_point) override {
    told_.established = true;
    id_ = host.connection().open_stream(stream_direction::bidirectional).value();
  }
  void on_event(runtime::worker&, const quic_event&, time_point) override {}
  void process_writes(runtime::worker& host, time_point) override {
    if (!told_.established || told_.whole) return;
    quic::connection& connection = host.connection();
    if (!sent_all_) {
      const auto rest = std::string_view(text_).substr(sent_);
      if (const auto taken = connection.stream_write(id_, as_bytes(rest), true)) sent_ += *taken;
      sent_all_ = sent_ == text_.size();
    }
    for (;;) {
      const auto chunk = connection.stream_peek(id_);
      if (!chunk || (chunk->bytes.empty() && !chunk->fin)) return;
      told_.answer.append(as_text(chunk->bytes));
      const bool fin = chunk->fin;
      static_cast<void>(connection.stream_consume(id_, chunk->bytes.size()));
      if (!fin) continue;
      told_.whole = true;
      host.close(7, "thank you");
      return;
    }
  }
  void on_connection_closed(const runtime::connection_end& end) override { told_.end = end; }

private:
  std::string text_;
  outcome& told_;
  stream_id id_ = 0;
  std::size_t sent_ = 0;
  bool sent_all_ = false;
};

std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i) + ' ';
  return text;
}

void run_until_end(memory_path& path, const outcome& told) {
  const auto limit = memory_path::now() + 60s;
  while (!told.end) {
    ASSERT_LT(memory_path::now(), limit);
    path.context.run_one_for(1s);
  }
}

TEST(raw_connection, carries_a_stream_over_memory) {
  memory_path path("raw");
  outcome told;
  std::vector<runtime::connection_audit> audits;
  path.client_options.on_end = [&](const runtime::connection_audit& audit) { audits.push_back(audit); };
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>(long_text(), told));
  run_until_end(path, told);
  EXPECT_TRUE(told.answer == long_text()) << told.answer.size() << " bytes came";
  ASSERT_EQ(audits.size(), 1u);
  EXPECT_TRUE(audits[0].established);
  EXPECT_EQ(audits[0].application_code_sent, 7u);
  EXPECT_EQ(audits[0].how, runtime::ending::closed_here);
  EXPECT_GT(audits[0].statistics.bytes_sent, long_text().size());
  EXPECT_GT(audits[0].max_bandwidth, 0u);
}

TEST(raw_connection, survives_losses_and_a_sink_that_is_often_full) {
  memory_path path("raw", 3);
  outcome told;
  path.to_server->lose_every(20);
  path.to_client->lose_every(17);
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>(long_text(), told));
  run_until_end(path, told);
  EXPECT_TRUE(told.answer == long_text()) << told.answer.size() << " bytes came";
  EXPECT_GT(path.to_server->refusals, 0u);
  EXPECT_GT(path.shard.counters().write_would_block.value(), 0u);
}

TEST(raw_connection, learns_how_much_a_narrow_path_carries) {
  memory_path path("raw");
  outcome told;
  path.to_server->carry_at_most(1250);
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>(long_text(), told));
  run_until_end(path, told);
  EXPECT_TRUE(told.answer == long_text()) << told.answer.size() << " bytes came";
}

TEST(raw_connection, tells_by_which_ids_it_is_addressed) {
  memory_path path("raw");
  outcome told;
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>("hello", told));
  bool seen = false;
  while (!told.end) {
    ASSERT_GT(path.context.run_one_for(10s), 0u);
    seen = seen || path.to_client->ids.size() >= 2;
  }
  EXPECT_TRUE(seen);
  // Three probe timeouts later both are gone, and so are the IDs.
  bool drained = false;
  path.client.async_wait_drained([&](error_code error) { drained = !error; });
  while (!drained) ASSERT_GT(path.context.run_one_for(10s), 0u);
  EXPECT_TRUE(path.client.is_drained());
  EXPECT_TRUE(path.to_server->ids.empty());
  EXPECT_FALSE(path.client.deliver(as_bytes("late"), path.at_client));
}

TEST(raw_connection, a_path_that_is_taken_away_ends_the_connection) {
  memory_path path("raw");
  outcome told;
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>(std::string(10'000'000, 'x'), told));
  while (!told.established) ASSERT_GT(path.context.run_one_for(10s), 0u);
  path.client = runtime::raw_connection();
  run_until_end(path, told);
  EXPECT_EQ(told.end->code, runtime::error::connection_closed);
  EXPECT_FALSE(told.end->reason);
  EXPECT_EQ(path.shard.counters().endings[runtime::ending::network].value(), 1u);
}

TEST(raw_connection, a_full_inbox_drops_and_says_so) {
  memory_path path("raw");
  outcome told;
  path.client_options.inbox_size = 2;
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>("hello", told));
  const std::vector<std::uint8_t> noise(100, 0x40);
  EXPECT_TRUE(path.client.deliver(noise, path.at_client));
  EXPECT_TRUE(path.client.deliver(noise, path.at_client));
  EXPECT_FALSE(path.client.deliver(noise, path.at_client));
  EXPECT_FALSE(path.client.deliver({}, path.at_client));
  EXPECT_FALSE(path.client.deliver(std::vector<std::uint8_t>(70'000), path.at_client));
  run_until_end(path, told);
  EXPECT_EQ(told.answer, "hello");
}

TEST(raw_connection, a_server_on_a_path_of_its_own_may_ask_about_the_client) {
  memory_path path("raw");
  outcome told;
  std::function<void(crypto::client_hello_answer)> answer;
  path.accepting.ask_about_client_hello = true;
  path.server_options.on_client_hello = [&](const quic::client_hello_received& hello, auto reply) {
    EXPECT_EQ(hello.server_name, "localhost");
    answer = std::move(reply);
  };
  path.serve([] { return std::make_unique<echoing>(); });
  path.connect(std::make_unique<asking>("hello", told));
  while (!answer) ASSERT_GT(path.context.run_one_for(10s), 0u);
  path.context.run_for(20ms);
  EXPECT_FALSE(told.established);
  answer(crypto::use_own_context{});
  run_until_end(path, told);
  EXPECT_EQ(told.answer, "hello");
}

TEST(raw_connection, a_context_that_goes_away_takes_everything_with_it) {
  outcome told;
  {
    memory_path path("raw");
    path.serve([] { return std::make_unique<echoing>(); });
    path.connect(std::make_unique<asking>(std::string(1'000'000, 'x'), told));
    while (!told.established) ASSERT_GT(path.context.run_one_for(10s), 0u);
  }
}

}  // namespace
}  // namespace quasio::test

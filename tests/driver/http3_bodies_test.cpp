#include <algorithm>
#include <numeric>
#include <random>

#include "driver/http3_pair.hpp"

namespace quasio::test {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::minstd_rand random(7);
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

asio::awaitable<std::string> read_slowly(http3::client_response& response, std::size_t piece) {
  std::string text;
  std::vector<char> buffer(piece);
  for (;;) {
    const auto [error, size] = co_await response.async_read_some(asio::buffer(buffer), as_result);
    text.append(buffer.data(), size);
    if (error == asio::error::eof) co_return text;
    if (error) throw system_error(error);
  }
}

TEST(http3_bodies, arrive_whole_in_pieces_of_any_size) {
  const std::string content = pattern(3'000'000);
  http3_pair pair([&](http3::request&, http3::response& response) -> asio::awaitable<void> {
    for (std::size_t at = 0; at < content.size(); at += 70'000) {
      co_await response.write(std::string_view(content).substr(at, 70'000));
    }
  });
  run(pair.context, [](http3_pair& at, const std::string& expected) -> asio::awaitable<void> {
    for (const std::size_t piece : {997u, 65'536u, 4'000'000u}) {
      auto response = co_await at.client.get(at.url());
      const std::string received = co_await read_slowly(response, piece);
      EXPECT_TRUE(received == expected) << received.size() << " bytes in pieces of " << piece;
    }
  }(pair, content));
}

TEST(http3_bodies, are_echoed_while_they_are_sent) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    std::vector<char> buffer(16'384);
    for (;;) {
      const auto [error, size] = co_await request.async_read_some(asio::buffer(buffer), as_result);
      if (error) break;
      co_await response.write(asio::buffer(buffer, size));
    }
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    const std::string content = pattern(2'000'000);
    http3::client_request what;
    what.method = "POST";
    what.url = at.url();
    what.source = [&](http3::request_writer& writer) -> asio::awaitable<void> {
      for (std::size_t sent = 0; sent < content.size(); sent += 50'000) {
        co_await writer.async_write(
            asio::buffer(content.data() + sent, std::min<std::size_t>(50'000, content.size() - sent)));
      }
    };
    auto response = co_await at.client.request(std::move(what));
    const std::string received = co_await response.read_all();
    EXPECT_TRUE(received == content) << received.size();
  }(pair));
}

TEST(http3_bodies, a_reader_that_waits_holds_the_writer_back) {
  std::size_t written = 0;
  bool finished = false;
  http3_pair pair([&](http3::request&, http3::response& response) -> asio::awaitable<void> {
    const std::string piece(64 * 1024, 'x');
    for (int i = 0; i < 512; ++i) {
      co_await response.write(piece);
      written += piece.size();
    }
    finished = true;
  });
  run(pair.context, [](http3_pair& at, const std::size_t& sent, const bool& done) -> asio::awaitable<void> {
    auto response = co_await at.client.get(at.url());
    // Nothing is read until the writer has come to rest.
    asio::steady_timer timer(at.context);
    for (std::size_t before = 1; before != sent;) {
      before = sent;
      timer.expires_after(300ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_FALSE(done);
    // One stream window, what the sender buffers, and a piece.
    EXPECT_LE(sent, quic::settings().initial_stream_window + quic::settings().stream_send_buffer + 2 * 64 * 1024);
    const std::string received = co_await response.read_all(SIZE_MAX);
    EXPECT_EQ(received.size(), 512u * 64 * 1024);
  }(pair, written, finished));
}

TEST(http3_bodies, larger_than_the_limit_are_refused) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    const auto [error, text] = co_await request.read_all(1000, as_result);
    response.set("x-error", error.message());
    response.status(error ? 413 : 200);
    co_await response.finish();
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    auto fits = co_await at.client.post(at.url(), std::string(1000, 'x'), "text/plain");
    EXPECT_EQ(fits.status(), 200);
    auto refused = co_await at.client.post(at.url(), std::string(1001, 'x'), "text/plain");
    EXPECT_EQ(refused.status(), 413);
    auto much_more = co_await at.client.post(at.url(), std::string(3'000'000, 'x'), "text/plain");
    EXPECT_EQ(much_more.status(), 413);
  }(pair));
}

TEST(http3_bodies, trailers_and_interim_responses_come_through) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    http3::field_list hints;
    hints.push_back({"link", "</style.css>"});
    co_await response.informational(103, hints);
    co_await response.write("body");
    http3::field_list trailers;
    trailers.push_back({"x-checksum", "abc"});
    co_await response.finish_with_trailers(trailers);
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    std::string hint;
    http3::client_request what;
    what.url = at.url();
    what.on_informational = [&](const driver::response_head& head) {
      EXPECT_EQ(head.status, 103);
      hint = http3::find_field(head.fields, "link");
    };
    auto response = co_await at.client.request(std::move(what));
    EXPECT_EQ(hint, "</style.css>");
    EXPECT_EQ(co_await response.read_all(), "body");
    EXPECT_EQ(http3::find_field(response.trailers(), "x-checksum"), "abc");
  }(pair));
}

TEST(http3_bodies, are_not_sent_to_head) {
  http3_pair pair([](http3::request&, http3::response& response) -> asio::awaitable<void> {
    co_await response.finish("a body that GET gets");
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    http3::client_request what;
    what.method = "HEAD";
    what.url = at.url();
    auto response = co_await at.client.request(std::move(what));
    EXPECT_EQ(response.content_length(), 20u);
    EXPECT_EQ(co_await response.read_all(), "");
    auto got = co_await at.client.get(at.url());
    EXPECT_EQ(co_await got.read_all(), "a body that GET gets");
  }(pair));
}

TEST(http3_bodies, that_are_dropped_are_abandoned) {
  std::string end_of_handler;
  http3_pair pair([&](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    if (request.path() == "/small") co_return;
    const std::string piece(64 * 1024, 'x');
    for (;;) {
      const auto [error, size] = co_await response.write(piece, as_result);
      if (!error) continue;
      end_of_handler = error.message();
      co_return;
    }
  });
  run(pair.context, [](http3_pair& at, const std::string& handler_ended) -> asio::awaitable<void> {
    {
      auto response = co_await at.client.get(at.url("/endless"));
      char first[1000];
      co_await response.async_read_some(asio::buffer(first));
    }
    for (int i = 0; i < 1000 && handler_ended.empty(); ++i) {
      auto other = co_await at.client.get(at.url("/small"));
      EXPECT_EQ(other.status(), 200);
    }
    EXPECT_EQ(handler_ended, "H3_REQUEST_CANCELLED");
    EXPECT_EQ(at.server.open_connections(), 1u);
  }(pair, end_of_handler));
}

TEST(http3_bodies, a_read_can_be_cancelled_and_tried_again) {
  http3_pair pair([](http3::request& request, http3::response& response) -> asio::awaitable<void> {
    co_await response.write("");
    std::string asked;
    co_await request.read_all();
    co_await response.finish("at last");
  });
  run(pair.context, [](http3_pair& at) -> asio::awaitable<void> {
    asio::steady_timer go(at.context, std::chrono::steady_clock::time_point::max());
    http3::client_request what;
    what.method = "POST";
    what.url = at.url();
    what.source = [&](http3::request_writer&) -> asio::awaitable<void> { co_await go.async_wait(as_result); };
    auto response = co_await at.client.request(std::move(what));
    char buffer[100];
    asio::cancellation_signal stop;
    asio::post(at.context, [&] { stop.emit(asio::cancellation_type::total); });
    const auto [error, none] =
        co_await response.async_read_some(asio::buffer(buffer), asio::bind_cancellation_slot(stop.slot(), as_result));
    EXPECT_EQ(error, asio::error::operation_aborted);
    go.cancel();
    EXPECT_EQ(co_await response.read_all(), "at last");
  }(pair));
}

}  // namespace
}  // namespace quasio::test

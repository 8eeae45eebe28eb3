// The server of the scenarios: takes uploads and hashes them, tells events, writes slowly, without end, and counts.
// scenario_server CERTIFICATE.pem KEY.pem FOLDER [THREADS [IDLE_MILLISECONDS]]
#include <malloc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "quasio/driver/http3_router.hpp"

using namespace quasio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct counts {
  std::mutex connections_mutex;
  // Connections that brought a request, by when they began: their addresses may change. Browsers make others, just in
  // case.
  std::set<time_point> connections;
  std::atomic<int> endless_running{0};
  std::atomic<int> endless_cancelled{0};
  std::atomic<int> uploads_running{0};
  std::atomic<std::uint64_t> uploaded{0};
};

/// Counts one up while it lives.
class presence {
public:
  explicit presence(std::atomic<int>& where) : where_(where) { ++where_; }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { --where_; }

private:
  std::atomic<int>& where_;
};

std::string hex_of(EVP_MD_CTX* digest) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_DigestFinal_ex(digest, bytes.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

asio::awaitable<void> pause(const asio::any_io_executor& where, std::uint64_t milliseconds) {
  asio::steady_timer timer(where, std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(asio::use_awaitable);
}

std::uint64_t number(const http3::request& request, std::string_view name, std::uint64_t otherwise) {
  return request.query().number<std::uint64_t>(name).value_or(otherwise);
}

// PUT or POST /upload[?pause=MS]: says how many bytes came and their hash. With a pause after each piece it reads
// slowly.
asio::awaitable<void> take_upload(counts& all, http3::request& request, http3::response& response) {
  const presence here(all.uploads_running);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  const std::uint64_t wait = number(request, "pause", 0);
  std::vector<char> piece(256 * 1024);
  std::uint64_t size = 0;
  for (;;) {
    const auto [error, count] = co_await request.async_read_some(asio::buffer(piece), as_result);
    EVP_DigestUpdate(digest.get(), piece.data(), count);
    size += count;
    all.uploaded += count;
    if (error == asio::error::eof) break;
    if (error) throw system_error(error);
    if (wait > 0) co_await pause(request.get_executor(), wait);
  }
  response.set("content-type", "application/json");
  co_await response.finish(R"({"bytes": )" + std::to_string(size) + R"(, "sha256": ")" + hex_of(digest.get()) +
                           "\"}\n");
}

// GET /events?count=N&pause=MS: server-sent events.
asio::awaitable<void> tell_events(http3::request& request, http3::response& response) {
  response.set("content-type", "text/event-stream").set("cache-control", "no-store");
  const std::uint64_t last = number(request, "count", 20);
  for (std::uint64_t event = 1; event <= last; ++event) {
    co_await response.write("id: " + std::to_string(event) + "\ndata: event " + std::to_string(event) + "\n\n");
    if (event < last) co_await pause(request.get_executor(), number(request, "pause", 50));
  }
  co_await response.finish();
}

// GET /dribble?size=N&piece=N&pause=MS: a body of known size in small pieces.
asio::awaitable<void> dribble(http3::request& request, http3::response& response) {
  const std::uint64_t size = number(request, "size", 1000);
  response.set("content-length", std::to_string(size));
  for (std::uint64_t sent = 0; sent < size;) {
    const std::string piece(std::min(number(request, "piece", 100), size - sent), static_cast<char>('a' + sent % 26));
    co_await response.write(piece);
    sent += piece.size();
    if (sent < size) co_await pause(request.get_executor(), number(request, "pause", 20));
  }
  co_await response.finish();
}

// GET /endless: zeros until the client has enough.
asio::awaitable<void> write_for_ever(counts& all, http3::request&, http3::response& response) {
  const presence here(all.endless_running);
  // However the handler ends, it is because the client did not want more.
  struct noting {
    explicit noting(std::atomic<int>& in) : into(in) {}
    noting(const noting&) = delete;
    noting& operator=(const noting&) = delete;
    ~noting() { ++into; }
    std::atomic<int>& into;
  } const note(all.endless_cancelled);
  response.set("content-type", "application/octet-stream");
  const std::string piece(64 * 1024, '\0');
  for (;;) co_await response.write(piece);
}

asio::awaitable<void> note_connection(counts& all, http3::request& request, http3::response&,
                                      http3::next_handler next) {
  {
    const std::lock_guard lock(all.connections_mutex);
    all.connections.insert(request.connection().handshake.started);
  }
  co_await next();
}

std::size_t count_connections(counts& all) {
  const std::lock_guard lock(all.connections_mutex);
  return all.connections.size();
}

// Bytes that somebody holds. Resident memory has what was given back, too, and the pages of pooled receive buffers that
// a burst of small datagrams happens to touch.
std::size_t heap_in_use() {
  const struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

asio::awaitable<void> tell_state(counts& all, http3::response& response) {
  response.set("content-type", "application/json").set("cache-control", "no-store");
  co_await response.finish(R"({"connections": )" + std::to_string(count_connections(all)) + R"(, "endless_running": )" +
                           std::to_string(all.endless_running) + R"(, "endless_cancelled": )" +
                           std::to_string(all.endless_cancelled) + R"(, "uploads_running": )" +
                           std::to_string(all.uploads_running) + R"(, "uploaded": )" + std::to_string(all.uploaded) +
                           R"(, "heap": )" + std::to_string(heap_in_use()) + "}\n");
}

// GET /files/NAME: from the folder, for pages of tests.
asio::awaitable<void> send_file(const std::filesystem::path& folder, http3::request& request,
                                http3::response& response) {
  const std::string name(request.parameter("name"));
  std::ifstream file(folder / name, std::ios::binary);
  if (!file || name.find('/') != std::string::npos) {
    response.status(404);
    co_await response.finish();
    co_return;
  }
  const bool is_page = name.ends_with(".html");
  response.set("content-type", is_page ? "text/html" : "text/javascript").set("cache-control", "no-store");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  co_await response.finish(text);
}

}  // namespace

int main(int argc, char* argv[]) try {
  if (argc < 4)
    return std::cerr << "usage: scenario_server CERTIFICATE.pem KEY.pem FOLDER [THREADS [IDLE_MILLISECONDS [fixed]]]\n"
                        "fixed: windows stay as large as they begin\n",
           2;
  crypto::server_options tls;
  tls.certificate_chain = crypto::pem::file(argv[1]);
  tls.private_key = crypto::pem::file(argv[2]);
  const std::filesystem::path folder = argv[3];
  counts all;

  asio::io_context context;
  http3::server_options options;
  options.endpoints = {ip_endpoint::v4({127, 0, 0, 1}, 0)};
  options.tls = crypto::tls_context::server(tls).value();
  options.threads = argc > 4 ? std::stoul(argv[4]) : 1;
  if (argc > 5) options.transport.max_idle_timeout = std::chrono::milliseconds(std::stoul(argv[5]));
  if (argc > 6) {
    options.transport.max_connection_window = options.transport.initial_connection_window;
    options.transport.max_stream_window = options.transport.initial_stream_window;
  }
  options.on_connection_closed = [](const network_path& path, const runtime::connection_end& end) {
    std::clog << path.peer.to_string() << " is gone: " << end.message << std::endl;
  };
  options.on_handler_error = [](const http3::request& request, const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& why) {
      std::clog << request.method() << " " << request.path() << ": " << why.what() << std::endl;
    }
  };

  http3::router routes;
  routes.use([&](http3::request& from, http3::response& to, http3::next_handler next) {
    return note_connection(all, from, to, next);
  });
  const auto upload = [&](http3::request& from, http3::response& to) { return take_upload(all, from, to); };
  routes.put("/upload", upload).post("/upload", upload);
  routes.get("/events", tell_events).get("/dribble", dribble);
  routes.get("/endless", [&](http3::request& from, http3::response& to) { return write_for_ever(all, from, to); });
  routes.get("/state", [&](http3::request&, http3::response& to) { return tell_state(all, to); });
  routes.get("/files/{name}", [&](http3::request& from, http3::response& to) { return send_file(folder, from, to); });

  http3::server server(context.get_executor(), options);
  server.handle(routes);
  for (const ip_endpoint& bound : server.start()) std::cout << "ready " << bound.to_string() << std::endl;

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](auto, auto) { server.stop(std::chrono::seconds(5), [&](auto) { context.stop(); }); });
  context.run();
} catch (const std::exception& failed) {
  std::cerr << failed.what() << "\n";
  return 1;
}

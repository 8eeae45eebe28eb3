#include "attack/honest_client.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>

namespace quasio::attack {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_requests{2};
constexpr std::chrono::milliseconds between_newcomers{150};

http3::client_options plain_options() {
  crypto::client_options trusting;
  trusting.dangerously_accept_any_certificate = true;
  auto tls = crypto::tls_context::client(trusting);
  if (!tls) throw std::runtime_error(tls.error().reason);
  http3::client_options options;
  options.tls = std::move(*tls);
  options.retries.max_tries = 1;
  options.request_timeout = std::chrono::seconds(10);
  options.use_alternatives = false;
  return options;
}

}  // namespace

double well_being::percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

honest_client::honest_client(const ip_endpoint& server)
    : url_("https://127.0.0.1:" + std::to_string(server.port) + "/small.txt"),
      client_(context_.get_executor(), plain_options()) {
  asio::co_spawn(context_, ask_again_and_again(), asio::detached);
  asio::co_spawn(context_, come_again_and_again(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
}

honest_client::~honest_client() {
  context_.stop();
  thread_.join();
}

well_being honest_client::take() {
  std::promise<well_being> promised;
  asio::post(context_, [&] { promised.set_value(std::exchange(fared_, {})); });
  well_being fared = promised.get_future().get();
  std::sort(fared.milliseconds.begin(), fared.milliseconds.end());
  std::sort(fared.newcomer_milliseconds.begin(), fared.newcomer_milliseconds.end());
  return fared;
}

asio::awaitable<void> honest_client::ask_again_and_again() {
  asio::steady_timer pause(context_);
  for (;;) {
    co_await ask(client_, fared_.milliseconds);
    pause.expires_after(between_requests);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> honest_client::come_again_and_again() {
  asio::steady_timer pause(context_);
  for (;;) {
    pause.expires_after(between_newcomers);
    co_await pause.async_wait(asio::use_awaitable);
    http3::client newcomer(context_.get_executor(), plain_options());
    co_await ask(newcomer, fared_.newcomer_milliseconds);
  }
}

asio::awaitable<void> honest_client::ask(http3::client& with, std::vector<double>& into) {
  const auto begun = clock::now();
  std::string trouble;
  try {
    http3::client_response response = co_await with.get(url_);
    const std::string body = co_await response.read_all();
    if (response.status() != 200) trouble = "status " + std::to_string(response.status());
    if (body.size() != 1024) trouble = "a body of " + std::to_string(body.size()) + " bytes";
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  into.push_back(std::chrono::duration<double, std::milli>(clock::now() - begun).count());
  if (trouble.empty()) co_return;
  ++fared_.failures;
  if (fared_.trouble.empty()) fared_.trouble = std::move(trouble);
}

}  // namespace quasio::attack

#include "attack/trial.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "attack/server_process.hpp"
#include "http3/test_bytes.hpp"

namespace quasio::attack {
namespace {

using clock = std::chrono::steady_clock;

std::string program(target against) {
  const char* folder = std::getenv("QUASIO_BIN");
  const std::string name = against == target::files ? "quasio-server" : "attack_victim";
  if (folder != nullptr) return std::string(folder) + "/" + name;
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

/// What quasio-server serves, gone when the program ends.
class site {
public:
  site() {
    std::string path = (std::filesystem::temp_directory_path() / "quasio-attack-XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
    std::ofstream(folder_ / "small.txt") << std::string(1024, 'a');
    std::ofstream large(folder_ / "large.bin");
    for (int i = 0; i < 64; ++i) large << std::string(1024 * 1024, 'b');
  }
  ~site() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  site(const site&) = delete;
  site& operator=(const site&) = delete;

  std::string folder() const { return folder_.string(); }

private:
  std::filesystem::path folder_;
};

std::vector<std::string> command_line(const attack& which) {
  static const site served;
  std::vector<std::string> all = {"--listen", "127.0.0.1:0"};
  if (which.against == target::files) {
    // One thread, so that attackers and others have none of their own.
    all.insert(all.end(), {"--no-tcp", "--threads", "1", "--log-level", "off", "--root", served.folder()});
  }
  all.insert(all.end(), which.arguments.begin(), which.arguments.end());
  return all;
}

// On a machine with few processors an attacker who runs on one of them would take from the others' clients what over a
// network is not his to take: their own processor.
void step_back() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 5); }

constexpr auto warm_up = std::chrono::milliseconds(100);
constexpr auto longest_extension = std::chrono::seconds(10);

}  // namespace

assault::assault(const ip_endpoint& server, const attack& which)
    : server_(server), which_(which), begun_(clock::now()), end_(begun_ + which.lasts) {
  look_at({});
}

bool assault::goes_on() const {
  const auto now = clock::now();
  if (now < end_) return true;
  return !(was_closed_ && was_reset_ && was_answered_) && now < end_ + longest_extension;
}

void assault::look_at(const treatment& seen) {
  was_closed_ = was_closed_ || which_.close.empty() || seen.closes.contains(which_.close);
  was_reset_ = was_reset_ || which_.reset.empty() || seen.resets.contains(which_.reset);
  was_answered_ = was_answered_ || which_.status == 0 || seen.statuses.contains(which_.status);
}

std::unique_ptr<hostile_client> assault::connect(const hostile_options& options) {
  while (goes_on()) {
    auto made = std::make_unique<hostile_client>(server_, options);
    ++connections_;
    if (made->handshake()) return made;
    finish(*made);
  }
  return nullptr;
}

void assault::finish(const hostile_client& client) {
  met_.add(client.seen());
  look_at(met_);
}

void assault::hammer(const hostile_options& options, const preparation& prepare, const step& again) {
  while (const auto client = connect(options)) {
    if (prepare) prepare(*client);
    while (goes_on() && !client->is_closed()) {
      if (again(*client)) {
        client->pump();
      } else {
        client->wait(2ms);
      }
      look_at(client->seen());
    }
    finish(*client);
  }
}

void assault::offend(const preparation& how, const hostile_options& options) {
  hammer(options, how, [](hostile_client&) { return false; });
}

void assault::besiege(std::size_t connections, const hostile_options& options, const preparation& prepare,
                      const step& again, std::chrono::milliseconds interval) {
  std::vector<std::unique_ptr<hostile_client>> all;
  while (all.size() < connections) {
    auto one = connect(options);
    if (one == nullptr) break;
    prepare(*one);
    all.push_back(std::move(one));
    for (const auto& each : all) each->pump();
  }
  auto next = clock::now();
  while (goes_on()) {
    const bool is_time = clock::now() >= next;
    if (is_time) next += interval;
    for (const auto& each : all) {
      if (is_time && !each->is_closed()) again(*each);
      each->pump();
      look_at(each->seen());
    }
    std::this_thread::sleep_for(1ms);
  }
  for (const auto& each : all) finish(*each);
}

measurement measure(const attack& which) {
  server_process server(program(which.against), command_line(which));
  honest_client honest(server.where());
  std::this_thread::sleep_for(warm_up);
  (void)honest.take();
  server.forget_peak();
  const std::uint64_t memory_before = server.memory();
  const auto processor_before = server.processor_time();

  measurement seen;
  const auto begun = clock::now();
  std::thread attacker([&] {
    step_back();
    assault doing(server.where(), which);
    which.perform(doing);
    seen.met = doing.met();
    seen.connections = doing.connections();
  });
  attacker.join();
  seen.seconds = std::chrono::duration<double>(clock::now() - begun).count();
  seen.survived = server.is_alive();
  if (!seen.survived) return seen;
  seen.processor_seconds = std::chrono::duration<double>(server.processor_time() - processor_before).count();
  const std::uint64_t peak = server.peak_memory();
  seen.memory_growth = peak > memory_before ? peak - memory_before : 0;
  seen.others = honest.take();
  return seen;
}

attack honest_flood() {
  attack made;
  made.name = "honest_flood";
  made.lasts = 800ms;
  const bytes request = http3::testing::headers(http3::testing::get_request("/small.txt"));
  made.perform = [request](assault& doing) {
    doing.hammer([&](hostile_client& client) {
      bool any = false;
      while (const auto id = client.open_request()) {
        client.write(*id, request, true);
        any = true;
      }
      return any;
    });
  };
  return made;
}

attack peace() {
  attack made;
  made.name = "peace";
  made.perform = [](assault& doing) {
    while (doing.goes_on()) std::this_thread::sleep_for(5ms);
  };
  return made;
}

}  // namespace quasio::attack

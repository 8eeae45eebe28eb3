#include "quic/path_validation.hpp"

#include <algorithm>

#include "crypto/stateless_reset.hpp"
#include "wire/frame_writer.hpp"

namespace quasio::quic {
namespace {

constexpr unsigned most_challenges = 8;

}  // namespace

path_validation::path_validation(unsigned max_challenges) noexcept
    : max_challenges_(std::clamp(max_challenges, 1u, most_challenges)) {}

void path_validation::begin(random_source& random, time_point now, duration probe_timeout) {
  // What was asked in a large datagram before may still be answered, and need not be asked again then.
  std::erase_if(sent_, [](const challenge& each) { return !each.full_size; });
  challenges_left_ = max_challenges_ - 1;
  patience_ = probe_timeout;
  deadline_ = now + patience_;
  prepare(random);
}

void path_validation::abandon() noexcept {
  deadline_.reset();
  due_ = false;
  sent_.clear();
}

// Section 8.2.1: the data is unpredictable in every frame, so that a response tells which one it answers.
void path_validation::prepare(random_source& random) {
  if (due_) return;  // The last one could not be sent yet: nobody has seen its data.
  random.fill(next_);
  due_ = true;
}

bool path_validation::on_timeout(random_source& random, time_point now) {
  if (challenges_left_ == 0) {
    abandon();
    return false;
  }
  --challenges_left_;
  patience_ *= 2;
  deadline_ = now + patience_;
  prepare(random);
  return true;
}

bool path_validation::write(byte_writer& packet, bool full_size) {
  const wire::path_challenge_frame frame{next_};
  if (wire::encoded_size(frame) > packet.remaining()) return false;
  wire::write(packet, frame);
  due_ = false;
  if (sent_.size() == most_challenges) sent_.erase(sent_.begin());
  sent_.push_back({next_, full_size});
  return true;
}

path_validation::answer path_validation::on_response(const wire::path_data& data) noexcept {
  if (!is_under_way()) return answer::none;
  const auto answered = std::ranges::find_if(
      sent_, [&](const challenge& each) { return crypto::equal_in_constant_time(data, each.data); });
  if (answered == sent_.end()) return answer::none;
  if (answered->full_size) {
    abandon();
    return answer::path;
  }
  sent_.erase(answered);
  return answer::address;
}

}  // namespace quasio::quic

#include "quasio/quic/routable_connection_ids.hpp"

#include <algorithm>

#include "quic/connection_id_cipher.hpp"

namespace quasio::quic {
namespace {

// Draft, section 3.1: 0b111 says that there is no configuration.
constexpr std::uint8_t no_configuration = 7;
constexpr std::size_t min_nonce = 4;

struct configuration {
  explicit configuration(const routable_id_configuration& given) : what(given) {
    if (what.key) cipher.emplace(*what.key);
  }

  routable_id_configuration what;
  std::optional<connection_id_cipher> cipher;
};

std::size_t text_size(const routable_id_configuration& of) noexcept { return of.server_id.size() + 1 + of.nonce_size; }

const char* fault_of(const routable_id_configuration& given) {
  if (given.rotation >= no_configuration) return "the rotation bits of connection IDs are 0 to 6";
  if (given.nonce_size < min_nonce) return "a connection ID's nonce has at least 4 bytes";
  const std::size_t size = text_size(given);
  if (size < connection_id_cipher::min_size || size > connection_id_cipher::max_size)
    return "server ID and nonce are too long together for a connection ID";
  return nullptr;
}

}  // namespace

class routable_connection_ids::parts {
public:
  parts(std::vector<routable_id_configuration> given, std::uint8_t own_shard, random_source* random)
      : shard(own_shard), given_(std::move(given)) {
    for (const routable_id_configuration& each : given_) configurations_.emplace_back(each);
    counter.resize(current().what.nonce_size);
    if (random) random->fill(counter);
    has_start = random != nullptr;
  }

  configuration& current() noexcept { return configurations_.front(); }
  const std::vector<routable_id_configuration>& given() const noexcept { return given_; }
  std::size_t size() const noexcept { return 1 + text_size(given_.front()); }

  /// What an ID says: server ID, shard and nonce. Null: it is of a configuration that is not known here.
  const configuration* read(byte_view id, byte_span text) noexcept {
    if (id.size() != size()) return nullptr;
    const auto known = std::ranges::find_if(
        configurations_, [&](const configuration& each) { return each.what.rotation == id.front() >> 5; });
    if (known == configurations_.end()) return nullptr;
    std::ranges::copy(id.subspan(1), text.begin());
    if (known->cipher) known->cipher->decrypt(text);
    return std::ranges::equal(text.first(known->what.server_id.size()), known->what.server_id) ? &*known : nullptr;
  }

  /// Counts the nonce up, from a random start: none comes twice (draft, section 8.6).
  void next_nonce(random_source& random) {
    if (!std::exchange(has_start, true)) random.fill(counter);
    for (auto digit = counter.rbegin(); digit != counter.rend() && ++*digit == 0; ++digit) {
    }
  }

  std::uint8_t shard;
  std::vector<std::uint8_t> counter;
  bool has_start = false;

private:
  std::vector<routable_id_configuration> given_;
  std::vector<configuration> configurations_;
};

routable_connection_ids::routable_connection_ids(std::unique_ptr<parts> made) noexcept : parts_(std::move(made)) {}
routable_connection_ids::~routable_connection_ids() = default;

result<std::shared_ptr<routable_connection_ids>, std::string> routable_connection_ids::make(
    const routable_id_configuration& current, random_source& random,
    const std::vector<routable_id_configuration>& others) {
  std::vector<routable_id_configuration> all{current};
  all.insert(all.end(), others.begin(), others.end());
  for (auto each = all.begin(); each != all.end(); ++each) {
    if (const char* fault = fault_of(*each)) return unexpected<std::string>(fault);
    if (text_size(*each) != text_size(current)) return unexpected<std::string>("connection IDs have one length");
    const auto same_bits = [&](const routable_id_configuration& other) { return other.rotation == each->rotation; };
    if (std::any_of(all.begin(), each, same_bits))
      return unexpected<std::string>("two configurations of connection IDs have the same rotation bits");
  }
  return std::shared_ptr<routable_connection_ids>(
      new routable_connection_ids(std::make_unique<parts>(std::move(all), std::uint8_t{0}, &random)));
}

std::shared_ptr<routable_connection_ids> routable_connection_ids::make(random_source& random) {
  routable_id_configuration own;
  random.fill(own.key.emplace());
  return std::shared_ptr<routable_connection_ids>(new routable_connection_ids(
      std::make_unique<parts>(std::vector<routable_id_configuration>{own}, std::uint8_t{0}, &random)));
}

std::size_t routable_connection_ids::size() const noexcept { return parts_->size(); }

connection_id routable_connection_ids::generate(random_source& random) {
  configuration& current = parts_->current();
  const routable_id_configuration& what = current.what;
  std::array<std::uint8_t, max_connection_id_size> bytes{};
  const byte_span id = byte_span(bytes).first(size());
  const byte_span text = id.subspan(1);
  const byte_span nonce = text.last(what.nonce_size);

  random.fill(id.first(1));
  const unsigned low = what.tells_length ? static_cast<unsigned>(text.size()) : id.front() & 0x1fu;
  id.front() = static_cast<std::uint8_t>(unsigned{what.rotation} << 5 | low);
  std::ranges::copy(what.server_id, text.begin());
  text[what.server_id.size()] = parts_->shard;
  if (current.cipher) {
    parts_->next_nonce(random);
    std::ranges::copy(parts_->counter, nonce.begin());
    current.cipher->encrypt(text);
  } else {
    // Draft, section 5.4: what everybody can read must not be counted up.
    random.fill(nonce);
  }
  return connection_id(id);
}

bool routable_connection_ids::may_be_ours(byte_view id) noexcept {
  std::array<std::uint8_t, connection_id_cipher::max_size> text;
  return parts_->read(id, byte_span(text).first(size() - 1)) != nullptr;
}

std::optional<std::uint8_t> routable_connection_ids::shard_of(byte_view id) noexcept {
  std::array<std::uint8_t, connection_id_cipher::max_size> text;
  const configuration* known = parts_->read(id, byte_span(text).first(size() - 1));
  return known ? std::optional(text[known->what.server_id.size()]) : std::nullopt;
}

std::shared_ptr<connection_id_generator> routable_connection_ids::for_shard(std::uint8_t shard) const {
  return std::shared_ptr<connection_id_generator>(
      new routable_connection_ids(std::make_unique<parts>(parts_->given(), shard, nullptr)));
}

}  // namespace quasio::quic

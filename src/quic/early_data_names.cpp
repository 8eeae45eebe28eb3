#include "quasio/quic/early_data.hpp"

namespace quasio::quic {

std::string_view to_string(early_data_status status) noexcept {
  switch (status) {
    case early_data_status::not_offered:
      return "not offered";
    case early_data_status::offered:
      return "offered";
    case early_data_status::accepted:
      return "accepted";
    case early_data_status::rejected:
      return "rejected";
  }
  return "unknown";
}

std::string_view to_string(early_data_refusal refusal) noexcept {
  switch (refusal) {
    case early_data_refusal::none:
      return "no reason";
    case early_data_refusal::by_peer:
      return "the server did not accept it";
    case early_data_refusal::session:
      return "the session does not allow it";
    case early_data_refusal::parameters:
      return "transport parameters have become smaller";
    case early_data_refusal::application:
      return "the application's settings have changed";
    case early_data_refusal::possibly_a_replay:
      return "it may be a replay";
  }
  return "unknown";
}

}  // namespace quasio::quic

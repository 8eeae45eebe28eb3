#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"
#include "quasio/http3/priority.hpp"

namespace quasio::http3 {

/// What the exchange needs to know of a valid request.
struct request_head {
  bool is_head = false;
  bool is_connect = false;       ///< CONNECT, plain or extended: only DATA frames follow (RFC 9114, section 4.4).
  bool is_extended = false;      ///< Extended CONNECT (RFC 9220): it has a :protocol.
  bool says_early_data = false;  ///< RFC 8470, section 5.1.
  std::optional<std::uint64_t> content_length;
  priority_parameters priority;
};

/// What the exchange needs to know of a valid response.
struct response_head {
  unsigned status = 0;
  std::optional<std::uint64_t> content_length;
  bool says_capsules = false;  ///< Capsule-Protocol: ?1.
  bool has_content_type = false;

  bool is_interim() const noexcept { return status < 200; }
  bool is_successful() const noexcept { return status >= 200 && status < 300; }

  /// These end with their header section, whatever their content-length says (RFC 9110, section 6.4.1).
  bool has_no_content() const noexcept { return status == 204 || status == 304; }

  /// Must not have a content-length (RFC 9110, section 8.6).
  bool must_not_say_length() const noexcept { return is_interim() || status == 204; }

  /// Contradicts the Capsule Protocol (RFC 9297, section 3.2), which it may have said or only have agreed to.
  bool is_unfit_for_capsules() const noexcept {
    return status == 204 || status == 205 || status == 206 || content_length || has_content_type;
  }
};

/// A value, or for people why the section is malformed (RFC 9114, section 4.1.2).
template <class Value>
using validation = result<Value, std::string_view>;

/// The rules of RFC 9114, sections 4.2 to 4.4, for what is received and for what is sent.
validation<request_head> validate_request(const field_list& fields);
validation<response_head> validate_response(const field_list& fields);
validation<void> validate_trailers(const field_list& fields);

/// Makes one line of what may stand in several: cookie crumbs (RFC 9114, section 4.2.1) and, so that nobody further on
/// finds two, equal content-length lines (RFC 9110, section 8.6). For sections that are valid.
void join_repeated_fields(field_list& fields);

/// The size of a section as SETTINGS_MAX_FIELD_SECTION_SIZE counts it (RFC 9114, section 4.2.2).
std::uint64_t section_size(const field_list& fields) noexcept;

}  // namespace quasio::http3

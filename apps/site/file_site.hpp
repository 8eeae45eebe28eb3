#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "quasio/base/result.hpp"
#include "quasio/http3/field.hpp"
#include "site/http_date.hpp"
#include "site/request_path.hpp"
#include "site/root_folder.hpp"

namespace quasio::apps {

/// A request as far as a site cares, whatever version of HTTP brought it.
struct request_head {
  std::string_view method;
  std::string_view target;           ///< Origin form: path and query.
  const http3::field_list& headers;  ///< Names in lower case.
};

/// A part of an open file.
struct file_part {
  std::shared_ptr<const open_file> file;
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// A response as data. `headers` holds everything but what belongs to a version of HTTP; Content-Length among it,
/// unless the status has none.
struct answer {
  int status = 200;
  http3::field_list headers;
  std::string text;               ///< The body, where it is no file.
  std::optional<file_part> file;  ///< The body. Neither of both in the answer to HEAD.
};

struct site_settings {
  std::string root;

  /// Serve names that begin with a dot as well. They are where people keep what is not meant for others (".git",
  /// ".htpasswd"); ".well-known" at the top (RFC 8615) is served all the same.
  bool hidden_files = false;

  root_folder::guard guard = root_folder::guard::automatic;
};

/// The files below a folder, as answers to requests: GET and HEAD, index.html for folders, single byte ranges, ETag and
/// Last-Modified with all conditional headers. Folders are never listed.
///
/// Threads: any number at once.
class file_site {
public:
  static result<file_site, std::error_code> open(const site_settings& settings);

  /// Never fails: what goes wrong is an answer too.
  answer respond(const request_head& request, unix_seconds now) const;

  const root_folder& root() const noexcept { return root_; }

private:
  file_site(root_folder root, bool hidden_files) noexcept : root_(std::move(root)), hidden_files_(hidden_files) {}

  answer respond_to_path(const request_head& request, const request_path& path, unix_seconds now) const;
  bool is_shown(const request_path& path) const noexcept;

  root_folder root_;
  bool hidden_files_;
};

/// An answer with a short text that says what the status means, and `explanation`, for requests that reach no file.
answer plain_answer(int status, std::string_view explanation, unix_seconds now);

/// "Not Found" for 404; empty for a status that this server does not send.
std::string_view reason_phrase(int status) noexcept;

}  // namespace quasio::apps

#include "site/file_site.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "site/byte_range.hpp"
#include "site/content_type.hpp"
#include "site/validators.hpp"

namespace quasio::apps {

namespace {

constexpr std::string_view index_name = "index.html";

void set_length(answer& out, std::uint64_t size) { out.headers.push_back({"content-length", std::to_string(size)}); }

answer begin_answer(int status, unix_seconds now) {
  answer out{.status = status};
  out.headers.push_back({"date", format_http_date(now)});
  out.headers.push_back({"server", "quasio"});
  return out;
}

answer answer_to_error(const std::error_code& error, unix_seconds now) {
  switch (error.value()) {
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // a link that leads out of the root
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
      return plain_answer(404, "There is no such file.", now);
    case EACCES:
    case EPERM:
      return plain_answer(403, "The server may not read this file.", now);
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return plain_answer(503, "The server is too busy; try again later.", now);
    default:
      return plain_answer(500, "The server could not open this file.", now);
  }
}

answer redirect_to_folder(const request_path& path, unix_seconds now) {
  answer out = plain_answer(301, "This is a folder: its name ends with a slash.", now);
  out.headers.push_back({"location", path.as_folder() + path.query});
  return out;
}

void describe_file(answer& out, const validators& current, unix_seconds now) {
  out.headers.push_back({"etag", current.etag});
  // A file from the future must not say so (RFC 9110, section 8.8.2.1).
  out.headers.push_back({"last-modified", format_http_date(std::min(current.last_modified, now))});
  out.headers.push_back({"accept-ranges", "bytes"});
}

range_choice range_of(const request_head& request, const open_file& file, const validators& current, unix_seconds now) {
  // Only GET knows ranges (RFC 9110, section 14.2).
  const std::string header = combined(request.headers, "range");
  if (request.method != "GET" || header.empty() || !range_applies(request.headers, current, now)) return {};
  return choose_range(header, file.size());
}

answer answer_with_part(const std::shared_ptr<const open_file>& file, std::string_view name, const validators& current,
                        const range_choice& range, unix_seconds now) {
  const bool partial = range.what == range_choice::kind::part;
  answer out = begin_answer(partial ? 206 : 200, now);
  describe_file(out, current, now);
  out.headers.push_back({"content-type", std::string(content_type_of(name))});
  // Nobody shall take a text for a program because it looks like one.
  out.headers.push_back({"x-content-type-options", "nosniff"});
  file_part part{.file = file, .first = 0, .size = file->size()};
  if (partial) {
    part.first = range.first;
    part.size = range.size;
    out.headers.push_back({"content-range", "bytes " + std::to_string(range.first) + "-" +
                                                std::to_string(range.first + range.size - 1) + "/" +
                                                std::to_string(file->size())});
  }
  set_length(out, part.size);
  out.file = std::move(part);
  return out;
}

answer answer_with_file(const request_head& request, const std::shared_ptr<const open_file>& file,
                        std::string_view name, unix_seconds now) {
  const validators current = validators_of(*file);
  switch (weigh_preconditions(request.headers, current, now)) {
    case precondition::not_modified: {
      answer out = begin_answer(304, now);
      describe_file(out, current, now);
      return out;
    }
    case precondition::failed:
      return plain_answer(412, "The file is not in the state that the request expects.", now);
    case precondition::met:
      break;
  }
  const range_choice range = range_of(request, *file, current, now);
  if (range.what == range_choice::kind::unsatisfiable) {
    answer out = plain_answer(416, "The range lies beyond the end of the file.", now);
    out.headers.push_back({"content-range", "bytes */" + std::to_string(file->size())});
    return out;
  }
  return answer_with_part(file, name, current, range, now);
}

}  // namespace

result<file_site, std::error_code> file_site::open(const site_settings& settings) {
  auto root = root_folder::open(settings.root, settings.guard);
  if (!root) return unexpected<std::error_code>(root.error());
  return file_site(std::move(*root), settings.hidden_files);
}

answer file_site::respond(const request_head& request, unix_seconds now) const {
  const bool head = request.method == "HEAD";
  answer out;
  if (!head && request.method != "GET") {
    out = plain_answer(405, "This server answers GET and HEAD only.", now);
    out.headers.push_back({"allow", "GET, HEAD"});
  } else if (const auto path = parse_request_path(request.target); !path) {
    out = plain_answer(path.error() == path_fault::too_long ? 414 : 400, describe(path.error()), now);
  } else {
    out = respond_to_path(request, *path, now);
  }
  if (head) {
    out.text.clear();
    out.file.reset();
  }
  return out;
}

answer file_site::respond_to_path(const request_head& request, const request_path& path, unix_seconds now) const {
  if (!is_shown(path)) return plain_answer(404, "There is no such file.", now);
  auto file = root_.open_beneath(path.segments);
  if (!file) return answer_to_error(file.error(), now);
  if ((*file)->is_folder()) {
    if (!path.ends_with_slash) return redirect_to_folder(path, now);
    std::vector<std::string> segments = path.segments;
    segments.emplace_back(index_name);
    file = root_.open_beneath(segments);
    if (!file && file.error().value() == ENOENT) return plain_answer(404, "This folder has no index.html.", now);
    if (!file) return answer_to_error(file.error(), now);
    if (!(*file)->is_regular()) return plain_answer(404, "This folder has no index.html.", now);
    return answer_with_file(request, *file, index_name, now);
  }
  if (!(*file)->is_regular() || path.ends_with_slash) return plain_answer(404, "There is no such file.", now);
  return answer_with_file(request, *file, path.segments.back(), now);
}

bool file_site::is_shown(const request_path& path) const noexcept {
  if (hidden_files_) return true;
  const auto is_hidden = [](const std::string& segment) { return segment.front() == '.'; };
  const bool well_known = !path.segments.empty() && path.segments.front() == ".well-known";
  return std::none_of(path.segments.begin() + (well_known ? 1 : 0), path.segments.end(), is_hidden);
}

answer plain_answer(int status, std::string_view explanation, unix_seconds now) {
  answer out = begin_answer(status, now);
  out.text = std::to_string(status) + " " + std::string(reason_phrase(status)) + "\n" + std::string(explanation) + "\n";
  out.headers.push_back({"content-type", "text/plain; charset=utf-8"});
  set_length(out, out.text.size());
  if (status == 503) out.headers.push_back({"retry-after", "1"});
  return out;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 412:
      return "Precondition Failed";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return {};
  }
}

}  // namespace quasio::apps

#pragma once

#include <string_view>

namespace quasio::apps {

/// The media type of a file by the extension of its name, whatever its case: "text/html; charset=utf-8" for
/// "index.HTML". Names without an extension, or with one that is not known, are "application/octet-stream".
std::string_view content_type_of(std::string_view file_name) noexcept;

}  // namespace quasio::apps

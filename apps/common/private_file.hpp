#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "quasio/base/result.hpp"

namespace quasio::apps {

/// The content of a file of at most `limit` bytes that holds secrets; empty when there is none of this name. Refused
/// (operation_not_permitted) when others than its owner may read or change it.
result<std::optional<std::string>, std::error_code> read_private_file(const std::string& path, std::size_t limit);

/// Makes a file that its owner alone may read, in one step: others see all of it or nothing. False when there is one of
/// this name already; it stays as it is.
result<bool, std::error_code> create_private_file(const std::string& path, std::string_view content);

/// The same, but takes the place of what is there.
result<void, std::error_code> replace_private_file(const std::string& path, std::string_view content);

}  // namespace quasio::apps

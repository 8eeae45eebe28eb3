#include "quasio/http3/field.hpp"

#include <algorithm>

namespace quasio::http3 {

std::string_view find_field(const field_list& fields, std::string_view name) noexcept {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const field& one) { return one.name == name; });
  return found == fields.end() ? std::string_view{} : std::string_view{found->value};
}

}  // namespace quasio::http3

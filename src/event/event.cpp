#include "fealty/event/event.hpp"

#include <array>

#include "fealty/base/check.hpp"

namespace fealty::event {
namespace {

constexpr std::array<std::string_view, type_count> names{
    "purchase",   "refund",     "cancel", "click",   "view",    "review", "login", "redemption",
    "adjustment", "enrol",      "profile", "consent", "merge",  "erase",  "item"};

}  // namespace

std::string_view name(Type type) {
  const auto at = static_cast<std::size_t>(type);
  check(at < names.size(), "an event type without a name");
  return names[at];
}

std::optional<Type> type_named(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Type>(i);
  }
  return std::nullopt;
}

}  // namespace fealty::event

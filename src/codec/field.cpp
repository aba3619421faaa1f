#include "fealty/codec/field.hpp"

#include <array>

#include "fealty/base/check.hpp"

namespace fealty::codec {
namespace {

constexpr std::array<std::string_view, field_count> names{
    "id",       "source",    "type",     "member",   "time",        "order_id",      "currency",
    "total",    "subtotal",  "tax",      "shipping", "discount",    "points_paid",   "channel",
    "store",    "refund_id", "amount",   "reason",   "sku",         "category",      "brand",
    "dwell_ms", "review_id", "rating",   "text",     "language",    "redemption_id", "points",
    "reward",   "phase",     "actor",    "joined",   "birthday",    "time_zone",     "attributes",
    "data",     "line",      "quantity", "price",    "specversion", "lines",         "record"};
static_assert(names[static_cast<std::size_t>(Field::record)] == "record");

}  // namespace

std::string_view name(Field field) {
  const auto at = static_cast<std::size_t>(field);
  check(at < names.size(), "a field without a name");
  return names[at];
}

std::optional<Field> field_named(std::string_view text) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Field::lines); ++i) {
    if (names[i] == text) return static_cast<Field>(i);
  }
  return std::nullopt;
}

}  // namespace fealty::codec

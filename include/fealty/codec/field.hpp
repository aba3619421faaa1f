#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fealty::codec {

/// What a mapping can fill. The names are those of DESIGN's event table and of mapping files.
enum class Field : std::uint8_t {
  // every event
  id,
  source,
  type,
  member,
  time,
  // by type
  order_id,
  currency,
  total,
  subtotal,
  tax,
  shipping,
  discount,
  points_paid,
  channel,
  store,
  refund_id,
  amount,
  reason,
  sku,
  category,
  brand,
  dwell_ms,
  review_id,
  rating,
  text,
  language,
  redemption_id,
  points,
  reward,
  phase,
  actor,
  joined,
  birthday,
  time_zone,
  attributes,
  data,
  // lines
  line,
  quantity,
  price,
  // containers, named by errors only
  specversion,
  lines,
  record,
};
inline constexpr std::size_t field_count = 42;

/// Name of a field: what Error::field carries.
std::string_view name(Field field);
/// The field that a mapping file means; none for containers.
std::optional<Field> field_named(std::string_view name);

}  // namespace fealty::codec

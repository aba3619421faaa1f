#include "trace.hpp"

#include <functional>

namespace fealty::codec {

Place Captured::place_of(const Token& token) const {
  const auto within = [&](const std::vector<Token>& tokens) {
    return !std::less<>{}(&token, tokens.data()) &&
           std::less<>{}(&token, tokens.data() + tokens.size());
  };
  if (within(slots)) {
    const auto slot = &token - slots.data();
    return {Place::in_slots, 0, static_cast<std::uint8_t>(slot)};
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const LineRows& rows = lines[i];
    if (!within(rows.tokens)) continue;
    const auto at = static_cast<std::size_t>(&token - rows.tokens.data());
    return {static_cast<std::int16_t>(i), static_cast<std::uint16_t>(at / rows.slots),
            static_cast<std::uint8_t>(at % rows.slots)};
  }
  return {};
}

Place Trace::place_of(const Token& token) const { return captured_.place_of(token); }

}  // namespace fealty::codec

#pragma once

#include <cstdint>
#include <string_view>

#include "random.hpp"

namespace fealty::generator {

/// opening + category + middle + ending. Needs no escaping in JSON.
struct ReviewText {
  std::string_view opening, middle, ending, language;
};

/// Praise for 4 and 5 stars, complaints for 1 and 2, lukewarm for 3.
ReviewText review_text(std::uint32_t rating, Random& random);

}  // namespace fealty::generator

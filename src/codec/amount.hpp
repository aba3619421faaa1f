#pragma once

#include <string_view>

#include "fealty/base/arena.hpp"
#include "fealty/base/result.hpp"
#include "fealty/base/units.hpp"
#include "fealty/codec/amount_format.hpp"

namespace fealty::codec {

/// An amount as people write it -> one as JSON does ("1.234,50 EUR" -> "1234.50"), in the arena.
/// Digits before the decimals may be in groups of three, all of them, set apart by a point or comma
/// (whichever is not the decimals'), a space (a narrow or unbreakable one, too) or an apostrophe;
/// the currency may stand on one side, as its code or sign. wrong_type: anything else, and what
/// could be read in two ways ("1,50" with a decimal point). unknown_currency: a code that is none,
/// or of another currency than `currency`.
Result<std::string_view> plain_amount(std::string_view text, AmountFormat::Text format,
                                      Currency currency, Arena& arena);

}  // namespace fealty::codec

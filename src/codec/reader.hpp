#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"
#include "fealty/codec/decoder.hpp"
#include "fealty/codec/mapping.hpp"
#include "token.hpp"

namespace fealty::codec {

/// Whether a field may be left out. Where it is there and cannot be read, it is a fault, but for
/// what is `free`: that is left out, too, and told as odd, unless the mapping is strict.
enum class Need : std::uint8_t { required, optional, free };

/// Tokens of one row of slots -> typed fields, by the origins of one rule. Each reader is false
/// after a fault. Absent = no token, null, or an empty text.
class Reader {
 public:
  /// `line_set`: of which `slots` are a line's. `odd` gets what was left out.
  Reader(const Mapping& mapping, const Origins& origins, const Token* slots,
         const RecordName& called, Arena& arena, Fault& fault, std::vector<OddPath>& odd,
         std::int16_t line_set = OddPath::no_set)
      : mapping_{mapping},
        origins_{origins},
        slots_{slots},
        called_{called},
        arena_{arena},
        fault_{fault},
        odd_{odd},
        line_set_{line_set} {}

  /// The token that a field's origin names: the first that is of a kind to be read, else the first
  /// that is there; absent where none has a value.
  enum class Wants : bool { scalar, object };
  Token token(Field field, Wants wants = Wants::scalar) {
    const Origin& origin = origins_[static_cast<std::size_t>(field)];
    // Most fields have one path, which is of the right kind or not there.
    if (origin.count > 0 && wants == Wants::scalar) {
      const Token& first = slots_[origin.slots[0]];
      last_ = origin.slots[0];
      if (is_scalar(first)) return first;
      const bool no_other = origin.count == 1 && !origin.row && !origin.has_fallback;
      if (no_other && is_empty(first)) return {};
    }
    return other_token(origin, wants);
  }
  /// Whether the field is there and says nothing: null, or an empty text, at each path that is there.
  [[nodiscard]] bool blank(Field field) const;
  /// The path last looked at.
  [[nodiscard]] OddPath last() const { return {line_set_, last_}; }

  bool text(Field field, Need need, std::string_view& out,
            std::size_t bytes_max = event::id_bytes_max);
  /// Decimal with `scale` decimals, min..max; `found` false where optional and absent.
  bool number(Field field, Need need, int scale, std::int64_t min, std::int64_t max,
              std::int64_t& out, bool& found);
  bool optional(Field field, Need need, int scale, std::int64_t max,
                std::optional<std::int64_t>& out);
  /// An amount of money in minor units of `currency`, which is stated; written as the mapping says.
  bool amount(Field field, Need need, Currency currency, std::int64_t& out, bool& found);
  bool money(Field field, Need need, Currency currency, std::optional<std::int64_t>& out);
  bool currency(Currency& out);  // not stated where absent
  bool time(Field field, EventTime& out);
  bool day(Field field, std::optional<Day>& out);
  bool raw(Field field, Need need, std::string_view& out);

 private:
  bool absent(Field field, Need need) {
    return need != Need::required || fault_.set(Errc::missing_field, field);
  }
  static bool is_empty(const Token& token) {
    return token.kind <= Token::Kind::null ||
           (token.kind == Token::Kind::string && token.size == 0);
  }
  static bool is_scalar(const Token& token) {
    return token.kind <= Token::Kind::number && !is_empty(token);
  }
  Token other_token(const Origin& origin, Wants wants);
  /// The field last looked at cannot be read: true where it is left out for that.
  bool left_out(Need need);
  bool text_of(const Token& token, Field field, std::string_view& out);
  Token row_token();

  const Mapping& mapping_;
  const Origins& origins_;
  const Token* slots_;
  const RecordName& called_;
  Arena& arena_;
  Fault& fault_;
  std::vector<OddPath>& odd_;
  const std::int16_t line_set_;
  std::int16_t last_ = -1;
};

}  // namespace fealty::codec

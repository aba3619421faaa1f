#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fealty/base/arena.hpp"
#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"
#include "fealty/codec/decoder.hpp"
#include "fealty/codec/mapping.hpp"
#include "token.hpp"

namespace fealty::codec {

/// Whether a field may be left out.
enum class Need : std::uint8_t { required, optional };

/// Tokens of one row of slots -> typed fields, by the origins of one rule. Each reader is false
/// after a fault. Absent = no token, null, or an empty text.
class Reader {
 public:
  Reader(const Mapping& mapping, const Origins& origins, const Token* slots,
         const RecordName& called, Arena& arena, Fault& fault)
      : mapping_{mapping},
        origins_{origins},
        slots_{slots},
        called_{called},
        arena_{arena},
        fault_{fault} {}

  /// The token that a field's origin names; absent where none has a value.
  Token token(Field field);

  bool text(Field field, Need need, std::string_view& out,
            std::size_t bytes_max = event::id_bytes_max);
  /// Decimal with `scale` decimals, min..max; `found` false where optional and absent.
  bool number(Field field, Need need, int scale, std::int64_t min, std::int64_t max,
              std::int64_t& out, bool& found);
  bool optional(Field field, int scale, std::int64_t max, std::optional<std::int64_t>& out);
  bool money(Field field, int scale, std::optional<std::int64_t>& out) {
    return optional(field, scale, amount_minor_max, out);
  }
  bool currency(Currency& out);  // not stated where absent
  bool time(Field field, EventTime& out);
  bool day(Field field, std::optional<Day>& out);
  bool raw(Field field, std::string_view& out);

 private:
  bool absent(Field field, Need need) {
    return need == Need::optional || fault_.set(Errc::missing_field, field);
  }
  bool text_of(const Token& token, Field field, std::string_view& out);
  Token row_token();

  const Mapping& mapping_;
  const Origins& origins_;
  const Token* slots_;
  const RecordName& called_;
  Arena& arena_;
  Fault& fault_;
};

}  // namespace fealty::codec

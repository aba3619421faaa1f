#include "src/level_fields.hpp"

#include <string_view>
#include <utility>

namespace fealty::state {
namespace {

using member::Record;
using wire::Reader;
using wire::tag;
using wire::Writer;

void put_amounts(Writer& out, const member::DatedAmounts& amounts) {
  if (amounts.empty()) return;
  bool any_after = false;
  out.nested(40, [&] {
    std::int64_t before = 0;
    for (const auto& held : amounts) {
      out.raw_varint(wire::zigzag(held.of - before));
      before = held.of;
      any_after = any_after || held.from != held.of;
    }
  });
  if (any_after) {
    out.nested(41, [&] {
      for (const auto& held : amounts) {
        out.raw_varint(static_cast<std::uint64_t>(held.from - held.of));
      }
    });
  }
  out.nested(42, [&] {
    for (const auto& held : amounts) out.raw_varint(wire::zigzag(held.amount));
  });
}

void put(Writer& out, std::uint32_t field, const member::LevelBase& base) {
  out.nested(field, [&] {
    out.always_sint(1, base.day);
    out.uint(2, base.level);
    out.sint(3, base.since);
    out.optional_sint(4, base.falls, no_day);
  });
}

void put(Writer& out, std::uint32_t field, const member::Announcement& said) {
  out.nested(field, [&] {
    out.fixed(1, said.id.high);
    out.fixed(2, said.id.low);
    out.sint(3, said.day);
  });
}

void get(std::string_view bytes, member::LevelBase& base, Reader& outer) {
  Reader in{bytes};
  base = {};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.sint(base.day);
        break;
      case tag(2, wire::varint):
        in.uint(base.level);
        break;
      case tag(3, wire::varint):
        in.sint(base.since);
        break;
      case tag(4, wire::varint):
        in.sint(base.falls);
        break;
      default:
        in.skip(t, 4);
    }
  }
  if (!in.ok()) outer.fail();
}

void get(std::string_view bytes, member::Announcement& said, Reader& outer) {
  Reader in{bytes};
  said = {};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::fixed64):
        said.id.high = in.raw_fixed64();
        break;
      case tag(2, wire::fixed64):
        said.id.low = in.raw_fixed64();
        break;
      case tag(3, wire::varint):
        in.sint(said.day);
        break;
      default:
        in.skip(t, 3);
    }
  }
  if (!in.ok()) outer.fail();
}

void get_amounts_of(std::string_view bytes, Record& record, Reader& outer) {
  Reader in{bytes};
  std::int64_t of = 0;
  while (in.ok() && !in.at_end()) {
    if (__builtin_add_overflow(of, in.raw_sint(), &of) || !std::in_range<Day>(of)) in.fail();
    if (in.ok()) record.qualifying.push_back({static_cast<Day>(of), static_cast<Day>(of), 0});
  }
  if (!in.ok()) outer.fail();
}

void get_amounts_after(std::string_view bytes, Record& record, Reader& outer) {
  Reader in{bytes};
  for (auto& held : record.qualifying) {
    const std::uint64_t after = in.raw_varint();
    if (after > static_cast<std::uint64_t>(no_day)) in.fail();
    const std::int64_t from = in.ok() ? held.of + static_cast<std::int64_t>(after) : held.of;
    if (!std::in_range<Day>(from)) in.fail();
    if (in.ok()) held.from = static_cast<Day>(from);
  }
  if (!in.ok() || !in.at_end()) outer.fail();
}

void get_amounts(std::string_view bytes, Record& record, Reader& outer) {
  Reader in{bytes};
  for (auto& held : record.qualifying) held.amount = in.raw_sint();
  if (!in.ok() || !in.at_end()) outer.fail();
}

}  // namespace

std::size_t levels_bytes_max(const Record& record) {
  return 15 * wire::number_bytes_max + 6 * wire::head_bytes_max + record.qualifying.size() * 20;
}

void put_levels(Writer& out, const Record& record) {
  put_amounts(out, record.qualifying);
  if (record.level_base != member::LevelBase{}) put(out, 43, record.level_base);
  out.optional_sint(44, record.through, record.last_day);
  const member::Announced& said = *record.announced;
  if (said.level != member::Announcement{}) put(out, 45, said.level);
  if (said.churn != member::Announcement{}) put(out, 46, said.churn);
}

bool get_levels(std::uint32_t t, Reader& in, Record& record) {
  switch (t) {
    case tag(40, wire::bytes):
      get_amounts_of(in.raw_bytes(), record, in);
      return true;
    case tag(41, wire::bytes):
      get_amounts_after(in.raw_bytes(), record, in);
      return true;
    case tag(42, wire::bytes):
      get_amounts(in.raw_bytes(), record, in);
      return true;
    case tag(43, wire::bytes):
      get(in.raw_bytes(), record.level_base, in);
      return true;
    case tag(44, wire::varint):
      in.sint(record.through);
      return true;
    case tag(45, wire::bytes):
      get(in.raw_bytes(), record.announced.edit().level, in);
      return true;
    case tag(46, wire::bytes):
      get(in.raw_bytes(), record.announced.edit().churn, in);
      return true;
    default:
      return false;
  }
}

bool levels_sound(const Record& record) {
  const member::DatedAmounts& amounts = record.qualifying;
  if (amounts.size() > member::amounts_max) return false;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    if (amounts[i].amount == 0) return false;
    if (i == 0) continue;
    const auto& a = amounts[i - 1];
    const auto& b = amounts[i];
    if (a.of > b.of || (a.of == b.of && a.from >= b.from)) return false;
  }
  return true;
}

}  // namespace fealty::state

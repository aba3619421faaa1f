#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/check.hpp"
#include "fealty/base/time.hpp"
#include "fealty/member/record.hpp"

/// The keys of record.proto and of the store's own tables. Big endian, so that they sort as
/// numbers.
namespace fealty::state::keys {

inline constexpr char member_table = 'm', history_table = 'h', checkpoint_table = 'c',
                      timer_table = 't', position_table = 'p';
inline constexpr std::size_t timer_head = 1 + 4;  // table letter, day

template <class T>
void append_big_endian(T value, std::string& out) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(
        static_cast<char>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift)));
  }
}
inline std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

inline void append_member(std::string_view id, std::string& out) {
  out.push_back(member_table);
  out.append(id);
}
/// What all history keys of one member begin with; no other member's do.
inline void append_history_prefix(std::string_view id, std::string& out) {
  check(id.size() <= 0xffff, "decode bounds a member's id");
  out.push_back(history_table);
  append_big_endian(static_cast<std::uint16_t>(id.size()), out);
  out.append(id);
}
/// Of chunk `number` of a save; only those behind the first name their number.
inline void append_history(std::string_view id, member::Offset as_of, std::uint32_t number,
                           std::string& out) {
  append_history_prefix(id, out);
  append_big_endian(as_of, out);
  if (number > 0) append_big_endian(number, out);
}
/// Behind all history keys of one member.
inline void append_history_end(std::string_view id, std::string& out) {
  append_history(id, ~member::Offset{0}, ~std::uint32_t{0}, out);
  out.push_back('\0');
}
inline void append_timer(Day day, std::string_view id, std::string& out) {
  out.push_back(timer_table);
  append_big_endian(static_cast<std::uint32_t>(day) ^ 0x80000000U, out);
  out.append(id);
}
inline Day timer_day(std::string_view key) {
  check(key.size() >= timer_head, "a timer key holds a day");
  return static_cast<Day>(static_cast<std::uint32_t>(read_big_endian(key.substr(1, 4))) ^
                          0x80000000U);
}

}  // namespace fealty::state::keys

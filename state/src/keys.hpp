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

inline constexpr char member_table = 'm', ledger_table = 'l', order_table = 'o',
                      delivery_table = 'd', parked_table = 'r', reservation_table = 'v',
                      checkpoint_table = 'c', timer_table = 't', position_table = 'p',
                      pack_table = 'b', filling_table = 'q';
/// Whether an empty value in this table says that the row is gone.
inline bool is_row_table(char table) {
  return table == order_table || table == delivery_table || table == parked_table ||
         table == reservation_table;
}
/// Whether rows of this table are packed in the changelog. They are put, some of them again, and
/// never erased: a tombstone would be compacted away, and the pack bring the row back.
inline bool is_packed_table(char table) {
  return table == ledger_table || table == order_table || table == delivery_table;
}
inline constexpr std::size_t timer_head = 1 + 4;   // table letter, day
inline constexpr std::size_t partition_bytes = 4;  // before each key in a database of them all

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
/// What all keys of one member in a table beside the member's begin with; no other member's do.
inline void append_prefix(char table, std::string_view id, std::string& out) {
  check(id.size() <= 0xffff, "decode bounds a member's id");
  out.push_back(table);
  append_big_endian(static_cast<std::uint16_t>(id.size()), out);
  out.append(id);
}
/// Of a row, by what append_row_key() wrote: the table, and what follows the member.
inline void append_row(std::string_view id, std::string_view row_key, std::string& out) {
  append_prefix(row_key.front(), id, out);
  out.append(row_key.substr(1));
}
/// Of the chunk of ledger entries that begins with `seq`.
inline void append_ledger(std::string_view id, std::uint64_t seq, std::string& out) {
  append_prefix(ledger_table, id, out);
  append_big_endian(seq, out);
}
/// What in a key of a table beside the member's names one of its rows: what follows the id.
inline std::string_view behind_member(std::string_view key, std::string_view id) {
  return key.substr(1 + 2 + id.size());
}
/// The member's id in the key of a table beside the member's; empty where it is none.
inline std::string_view member_of_row(std::string_view key) {
  constexpr std::size_t head = 1 + 2;
  if (key.size() < head) return {};
  const auto size = static_cast<std::size_t>(read_big_endian(key.substr(1, 2)));
  return key.size() < head + size ? std::string_view{} : key.substr(head, size);
}
/// Of a pack of rows of a version: `as_of` and `first_seq`, of the first ledger entry saved with
/// it, name the version, of which no other has both; `part` the pack.
inline void append_pack(std::string_view id, std::uint64_t as_of, std::uint64_t first_seq,
                        std::uint16_t part, std::string& out) {
  append_prefix(pack_table, id, out);
  append_big_endian(as_of, out);
  append_big_endian(first_seq, out);
  append_big_endian(part, out);
}
inline constexpr std::size_t pack_tail = 8 + 8 + 2;
/// The member's id in the key of a pack; empty where it is none.
inline std::string_view member_of_pack(std::string_view key) {
  constexpr std::size_t head = 1 + 2;
  if (key.size() <= head + pack_tail) return {};
  const std::string_view id = key.substr(head, key.size() - head - pack_tail);
  return read_big_endian(key.substr(1, 2)) == id.size() ? id : std::string_view{};
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

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "fealty/base/bounded_text.hpp"

/// The Protobuf wire format, as much of it as record.proto uses, written and read without objects.
namespace fealty::state::wire {

static_assert(std::endian::native == std::endian::little, "fixed64 is copied as it lies in memory");

enum Type : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

constexpr std::uint32_t tag(std::uint32_t field, Type type) { return field << 3U | type; }
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// Bytes that one number with its tag takes at most.
inline constexpr std::size_t number_bytes_max = 12;
/// What tag and length of a text or message take at most.
inline constexpr std::size_t head_bytes_max = 8;

/// Appends fields to a string whose final size is bounded beforehand, so that no field checks for
/// room. The string has them after finish().
class Writer {
 public:
  Writer(std::string& out, std::size_t bytes_max)
      : out_{out}, room_{bytes_max}, at_{room_.begin()} {}
  void finish() { room_.append_to(out_, at_); }

  void raw_varint(std::uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<char>(value | 0x80U);
      value >>= 7U;
    }
    *at_++ = static_cast<char>(value);
  }
  void raw_fixed64(std::uint64_t value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void raw(const void* data, std::size_t size) {
    if (size == 0) return;
    std::memcpy(at_, data, size);
    at_ += size;
  }

  // "always": also where the value is the default. The others leave a zero out.
  void always_uint(std::uint32_t field, std::uint64_t value) {
    raw_varint(tag(field, varint));
    raw_varint(value);
  }
  void always_sint(std::uint32_t field, std::int64_t value) { always_uint(field, zigzag(value)); }
  void always_fixed64(std::uint32_t field, std::uint64_t value) {
    raw_varint(tag(field, fixed64));
    raw_fixed64(value);
  }
  void uint(std::uint32_t field, std::uint64_t value) {
    if (value != 0) always_uint(field, value);
  }
  void sint(std::uint32_t field, std::int64_t value) {
    if (value != 0) always_sint(field, value);
  }
  void fixed(std::uint32_t field, std::uint64_t value) {
    if (value != 0) always_fixed64(field, value);
  }
  /// Left out where it is `absent`.
  void optional_sint(std::uint32_t field, std::int64_t value, std::int64_t absent) {
    if (value != absent) always_sint(field, value);
  }
  void text(std::uint32_t field, std::string_view value) {
    if (!value.empty()) always_text(field, value);
  }
  void always_text(std::uint32_t field, std::string_view value) {
    raw_varint(tag(field, bytes));
    raw_varint(value.size());
    raw(value.data(), value.size());
  }
  /// Tag and length of what `body` writes. One byte is kept for the length; a long body moves up.
  template <class Body>
  void nested(std::uint32_t field, Body&& body) {
    raw_varint(tag(field, bytes));
    char* const length_at = at_++;
    std::forward<Body>(body)();
    const auto size = static_cast<std::size_t>(at_ - length_at - 1);
    if (size < 0x80) {
      *length_at = static_cast<char>(size);
      return;
    }
    std::size_t more = 0;
    for (std::size_t rest = size >> 7U; rest != 0; rest >>= 7U) ++more;
    std::memmove(length_at + 1 + more, length_at + 1, size);
    at_ = length_at;
    raw_varint(size);
    at_ += size;
  }

 private:
  std::string& out_;
  BoundedText room_;
  char* at_;
};

/// Reads fields one after the other. A fault makes ok() false and next() end; values read since
/// then are zero.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_{bytes.data()}, end_{at_ + bytes.size()} {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  void fail() {
    ok_ = false;
    at_ = end_;
  }
  /// Moves to the next field and puts its tag into `tag_out`; false at the end or after a fault.
  bool next(std::uint32_t& tag_out) {
    if (at_ == end_) return false;
    const std::uint64_t value = raw_varint();
    if (!ok_) return false;
    if (value > 0xffffffffU || (value >> 3U) == 0) {
      fail();
      return false;
    }
    tag_out = static_cast<std::uint32_t>(value);
    return true;
  }
  std::uint64_t raw_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::int64_t raw_sint() { return unzigzag(raw_varint()); }
  std::uint64_t raw_fixed64() {
    std::uint64_t value = 0;
    if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof value)) {
      fail();
      return 0;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view raw_bytes() {
    const std::uint64_t size = raw_varint();
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    const std::string_view value{at_, static_cast<std::size_t>(size)};
    at_ += size;
    return value;
  }
  /// Numbers that must fit their type.
  template <class T>
  void uint(T& value) {
    value = fitting<T>(raw_varint());
  }
  template <class T>
  void sint(T& value) {
    value = fitting<T>(raw_sint());
  }
  void text(std::string& value) { value.assign(raw_bytes()); }
  void flag(bool& value) { value = raw_varint() != 0; }

  /// A field this release does not know: later releases may add some. One that it knows by number
  /// but not with this type (`field_last`: the largest known number) is a fault.
  void skip(std::uint32_t tag, std::uint32_t field_last) {
    if ((tag >> 3U) <= field_last) return fail();
    switch (tag & 7U) {
      case varint:
        raw_varint();
        return;
      case fixed64:
        raw_fixed64();
        return;
      case bytes:
        raw_bytes();
        return;
      case fixed32:
        if (end_ - at_ < 4) return fail();
        at_ += 4;
        return;
      default:
        fail();
    }
  }

 private:
  template <class T, class From>
  T fitting(From value) {
    if (!std::in_range<T>(value)) {
      fail();
      return 0;
    }
    return static_cast<T>(value);
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace fealty::state::wire

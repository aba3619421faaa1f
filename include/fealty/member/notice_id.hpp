#pragma once

#include <cstdint>
#include <string_view>

namespace fealty::member {

struct Notice;

/// 128 bits that tell a notice from all others; the same wherever and whenever it is made.
struct NoticeId {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const NoticeId&, const NoticeId&) = default;
};
/// Hash of (member, type, cause, its source and type, rule version, ordinal).
NoticeId id_of(const Notice& notice, std::string_view member);

}  // namespace fealty::member

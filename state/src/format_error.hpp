#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/state/record_codec.hpp"
#include "src/wire.hpp"

namespace fealty::state {

/// The format that some stored bytes say they are in, their first field.
struct Format {
  std::uint32_t number = 0;  // 0 = not read yet
  /// Whether it is worth reading on.
  [[nodiscard]] bool known() const { return number == 0 || number == format_version; }
};

/// What to answer for stored bytes that did not read to their end, or carry another `format`.
inline Result<void> verdict(bool ok, std::uint32_t format, std::string_view what) {
  if (format > format_version) {
    return Error{Errc::wrong_revision, what,
                 "stored in format " + std::to_string(format) + ", this release reads up to " +
                     std::to_string(format_version) + ": start the newer release"};
  }
  if (format > 0 && format < format_version) {
    return Error{
        Errc::wrong_revision, what,
        "stored in format " + std::to_string(format) + " by an older release, this one reads " +
            std::to_string(format_version) +
            " only: replay the whole log into an empty state directory with this release "
            "(a live group: with a new group id and a new changelog, from the start of its "
            "input)"};
  }
  if (!ok || format == 0) return Error{Errc::store_corrupt, what, "stored bytes do not decode"};
  return {};
}

/// The same error, naming whose bytes they are.
inline Error of_member(const Error& error, std::string_view member) {
  return {error.code, error.field, std::string{"member "}.append(member) + ": " + error.detail};
}

inline void get_cause_type(wire::Reader& in, member::CauseType& type) {
  const std::uint64_t number = in.raw_varint();
  if (number >= member::cause_type_count) return in.fail();
  type = static_cast<member::CauseType>(number);
}

/// Bytes that came with the changelog: an empty directory would get the same.
inline Error of_changelog(const Error& error, std::string_view member) {
  Error out = of_member(error, member);
  out.field = "changelog";
  return out;
}

}  // namespace fealty::state

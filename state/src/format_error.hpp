#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/state/record_codec.hpp"

namespace fealty::state {

/// What to answer for stored bytes that did not read to their end, or carry another `format`.
inline Result<void> verdict(bool ok, std::uint32_t format, std::string_view what) {
  if (format > format_version) {
    return Error{Errc::wrong_revision, what,
                 "stored in format " + std::to_string(format) + ", this release reads up to " +
                     std::to_string(format_version)};
  }
  if (format != 0 && format < format_version) {
    return Error{Errc::wrong_revision, what,
                 "stored in format " + std::to_string(format) + ", this release reads format " +
                     std::to_string(format_version) +
                     " only: replay the log into a new state directory (a live group: with a new "
                     "group id and a new changelog, from the start of its input)"};
  }
  if (!ok || format == 0) return Error{Errc::store_corrupt, what, "stored bytes do not decode"};
  return {};
}

}  // namespace fealty::state

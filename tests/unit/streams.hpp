#pragma once

#include <array>

#include "fealty/ports/streams.hpp"

/// A table of streams as a topology might give it, for tests of rooms that take any.
namespace fealty::streams {

inline constexpr ports::Stream notices{0}, ledger{1}, members{2}, deadletters{3}, changelog{4};
inline constexpr std::array<ports::StreamSpec, 5> table{{
    {.name = "notices", .key = "member"},
    {.name = "ledger", .key = "member"},
    {.name = "members", .key = "member", .cleanup = ports::Cleanup::compact, .to_files = false},
    {.name = "deadletters", .key = ""},
    {.name = "changelog",
     .key = "table and key",
     .cleanup = ports::Cleanup::compact,
     .placement = ports::Placement::as_input,
     .to_files = false},
}};

}  // namespace fealty::streams

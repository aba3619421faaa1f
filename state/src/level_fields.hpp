#pragma once

#include <cstddef>
#include <cstdint>

#include "fealty/member/record.hpp"
#include "src/wire.hpp"

/// Fields 40 to 46 of a member at rest: what levels follow from, and what was announced.
namespace fealty::state {

std::size_t levels_bytes_max(const member::Record& record);
void put_levels(wire::Writer& out, const member::Record& record);
/// False: not one of these fields.
bool get_levels(std::uint32_t tag, wire::Reader& in, member::Record& record);
/// What the rules rely on: amounts bounded, ascending, each pair of days once, none of them 0.
bool levels_sound(const member::Record& record);

}  // namespace fealty::state

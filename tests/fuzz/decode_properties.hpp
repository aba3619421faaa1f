#pragma once

#include <cstdint>
#include <span>

namespace fealty::fuzz {

/// Any bytes: the first picks a mapping, the rest is a record. Decode refuses it with a
/// reject_record error, or gives an event whose texts lie in the record, the arena or the mapping
/// and whose numbers are within the vocabulary's bounds; decoding again, after another record and
/// with other padding, answers the same, and so does a decoder that knows no shapes. Ends the process where that does not hold.
/// True where the record was an event.
bool decode_holds_its_promises(std::span<const std::uint8_t> bytes);

}  // namespace fealty::fuzz

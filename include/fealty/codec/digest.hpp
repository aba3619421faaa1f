#pragma once

#include <cstdint>

#include "fealty/event/event.hpp"

namespace fealty::codec {

/// Hash of an event's decoded fields but id and source; the same from every format.
std::uint64_t digest_of(const event::Event& event);

}  // namespace fealty::codec

#pragma once

#include <span>

#include "fealty/event/header.hpp"
#include "walk.hpp"

namespace fealty::codec {

/// CloudEvents binary mode: the attributes are headers (ce_id, ce_type, ...), the record is the
/// data.
bool is_binary(std::span<const event::Header> headers);

/// The ce_ headers into the slots of the mapping's top-level keys. False after a fault.
bool read_headers(const Mapping& mapping, std::span<const event::Header> headers,
                  Captured& captured, Fault& fault);

}  // namespace fealty::codec

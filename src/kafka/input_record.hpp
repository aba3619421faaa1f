#pragma once

#include <librdkafka/rdkafka.h>

#include "fealty/base/arena.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::kafka {

/// A record that was fetched, with key, headers and time, as those who decode want it: everything
/// is copied into `arena`. `message` holds a record, no error.
ports::InputRecord record_of(const rd_kafka_message_t& message, std::uint32_t partition,
                             Arena& arena);

}  // namespace fealty::kafka

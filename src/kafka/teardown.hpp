#pragma once

#include <chrono>
#include <memory>

#include "handles.hpp"

namespace fealty::kafka {

/// How long the end of a client may take, and before it a consumer's leave from its group.
inline constexpr std::chrono::milliseconds teardown_max{5'000};

/// Leaves the group; rebalances that come up are told to the callback as ever. Past `bound`, or
/// after a fatal error, with which librdkafka does not close, it is left as it is.
void close_within(std::chrono::milliseconds bound, rd_kafka_t* consumer);

/// Destroys `rk` on a thread of its own. librdkafka waits for its threads, one of which may never
/// end: of a consumer that was fenced in the middle of a rebalance, for one. Past `bound` they are
/// left to the end of the process; see kafka::left_behind(). `kept` lives until `rk` is gone.
/// Does not leave the group: close_within() comes before.
void destroy_within(std::chrono::milliseconds bound, rd_kafka_t* rk, std::shared_ptr<void> kept);

/// A thread that calls into librdkafka is left behind.
void note_left_behind();

}  // namespace fealty::kafka

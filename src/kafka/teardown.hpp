#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "handles.hpp"

namespace fealty::kafka {

/// How long the end of a client may take, and before it a consumer's leave from its group.
inline constexpr std::chrono::milliseconds teardown_max{5'000};

/// Runs `task` on a thread of its own. One that does not end within `bound` is left to the end of
/// the process, with all that it holds; see kafka::left_behind(). False then. `name`: for the log.
bool run_within(std::chrono::milliseconds bound, std::string_view name, std::function<void()> task);

/// Leaves the group; rebalances that come up, or were not `answered` yet (true: partitions given),
/// are answered with what little the close waits for. Past `bound`, or after a fatal error, with
/// which librdkafka does not close, it is left as it is. On a thread that may be left behind: an
/// answer can wait for ever for librdkafka, when a broker went at that time. `kept` lives as long
/// as that.
void close_within(std::chrono::milliseconds bound, rd_kafka_t* consumer,
                  std::vector<bool> unanswered, std::shared_ptr<void> kept);
/// The answer of one that closes: nothing is fetched any more. Uses `consumer` alone.
void answer_closing(rd_kafka_t* consumer, bool given);

/// Destroys `rk` on a thread of its own. librdkafka waits for its threads, one of which may never
/// end: of a consumer that was fenced in the middle of a rebalance, for one. Past `bound` they are
/// left to the end of the process; see kafka::left_behind(). `kept` lives until `rk` is gone.
/// Does not leave the group: close_within() comes before.
void destroy_within(std::chrono::milliseconds bound, rd_kafka_t* rk, std::shared_ptr<void> kept);

/// Keeps what must not be destroyed until the end of the process; see kafka::left_behind().
void leave_to_the_end(std::shared_ptr<void> kept);
/// A thread that calls into librdkafka is left behind.
void note_left_behind();

}  // namespace fealty::kafka

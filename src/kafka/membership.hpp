#pragma once

#include "client.hpp"

namespace fealty::kafka {

/// True where another process is this worker in the group now: it has joined under the same
/// group_instance. Where nobody can say so (no answer in time, no right to ask), whether librdkafka
/// was told so.
///
/// That alone is no proof. Brokers that were away for longer than the session see librdkafka (2.0)
/// join anew, and may get a heartbeat of before, or one without an id, behind that: they refuse it
/// as another's, which is fatal. So they are asked who it is, for as long as a member that nobody
/// keeps alive lives (12 s at most).
bool replaced_in_group(const Client& consumer, const KafkaOptions& options, Deadline deadline);

}  // namespace fealty::kafka

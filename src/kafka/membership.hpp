#pragma once

#include "client.hpp"

namespace fealty::kafka {

/// True where another process is this worker in the group now: it has joined under the same
/// group_instance. False also where nobody can say so: no static membership, no answer in time, no
/// right to ask.
bool replaced_in_group(const Client& consumer, const KafkaOptions& options, Deadline deadline);

}  // namespace fealty::kafka

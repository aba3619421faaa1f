#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client.hpp"
#include "topics.hpp"

namespace fealty::kafka {

/// What a topic is used for, as far as its cleaning matters.
enum class Use : std::uint8_t {
  input,      // read again in a recovery
  output,     // keyed by member, each record counts
  snapshots,  // keyed by member, the last record counts
  changelog,  // likewise, and state is restored from it
};
Use use_of(const ports::StreamSpec& stream);

/// Why a topic with this cleanup.policy must not be used so; empty where it may.
std::string_view unfit_cleanup(Use use, std::string_view cleanup_policy);

/// Asks for the settings of the input and of every output topic, and refuses those that would lose
/// state or records: broker_refused with every fault, each with the topic, setting, value and the
/// command that sets it. Logs the input's retention. Where the right to ask is missing, warns once
/// and goes on.
Result<void> check_topic_settings(const Client& client, const KafkaOptions& options,
                                  Deadline deadline);

}  // namespace fealty::kafka

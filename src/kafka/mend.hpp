#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/kafka/options.hpp"
#include "fealty/ports/streams.hpp"

/// The commands of Kafka's own tools that mend what is missing, names filled in.
namespace fealty::kafka {

/// The ACL that allows `operation` on a resource, as in "--topic NAME" or "--group NAME".
std::string acl_command(const KafkaOptions& options, std::string_view operation,
                        std::string_view resource, std::string_view name);
std::string create_command(const KafkaOptions& options, std::string_view topic,
                           std::uint32_t partitions, bool compacted);
std::string alter_command(const KafkaOptions& options, std::string_view topic,
                          std::string_view setting);

}  // namespace fealty::kafka

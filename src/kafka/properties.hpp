#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

namespace fealty::kafka {

/// False for a consumer's property where a producer is made, and the other way round: librdkafka
/// itself says whose each is. True for what it does not list.
bool property_concerns(rd_kafka_type_t type, std::string_view name);

}  // namespace fealty::kafka

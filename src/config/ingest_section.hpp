#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fealty/config/service.hpp"
#include "fealty/config/yaml.hpp"

namespace fealty::config {

/// What the section `ingest` is to go with.
struct IngestRoom {
  std::string canonical;  // kafka.input_topic
  std::string prefix;     // kafka.output_prefix
  std::function<void(Map&, std::string&)> take_mapping;
};
void read_ingest(Map& ingest, const IngestRoom& room, IngestConfig& out);

/// `run`: which topologies; `out` has what there are.
void read_runs(Map& root, Runs& out);

/// What Kafka accepts as a topic name, or a part of one.
bool is_topic_name(std::string_view text);
inline constexpr std::string_view topic_name_rule =
    "a topic name has at most 200 of the letters a-z A-Z 0-9 . _ -";

}  // namespace fealty::config

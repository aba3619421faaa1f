#include "fealty/topologies/ingest.hpp"

#include <utility>

namespace fealty::topologies {

runtime::IngestTopology ingest_topology(
    const std::vector<IngestInput>& inputs,
    std::function<Result<std::size_t>(std::string_view topic)> input_of,
    const codec::Mapping& canonical, std::string waiting_topic) {
  runtime::IngestTopology path;
  path.name = "ingest";
  for (const IngestInput& input : inputs) {
    path.source += (path.source.empty() ? "" : "; ") + input.named;
    path.mappings.push_back(input.mapping);
  }
  path.stages = {
      {"decode", "bytes -> events by the input's mapping, or dead letters"},
      {"member", "the event's, or that of the order it names; else it waits for the order"},
      {"encode", "CloudEvents JSON, keyed by member"},
      {"commit", "outputs and positions, all or nothing"},
  };
  path.store = "orders";
  path.streams = ingest_streams;
  path.input_of = std::move(input_of);
  path.canonical = &canonical;
  path.waiting_topic = std::move(waiting_topic);
  path.outputs = {ingest_stream::canonical, ingest_stream::orders, ingest_stream::waiting,
                  ingest_stream::deadletters};
  return path;
}

}  // namespace fealty::topologies

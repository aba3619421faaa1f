#include "topology.hpp"

#include "fealty/codec/mapping.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/log/log.hpp"
#include "fealty/program/series.hpp"
#include "fealty/topologies/members.hpp"

namespace fealty::simulation {
namespace {

/// Program, mapping and topology of every test here.
struct Parts {
  program::Series series;
  codec::Mapping mapping;
  runtime::Topology topology;

  Parts()
      : series{config::load_program(FEALTY_SOURCE_DIR "/tests/simulation/program.yaml")->program},
        mapping{codec::cloudevents_mapping()},
        topology{topologies::members_topology(series, mapping, "sim")} {
    log::set_level(log::Level::off);
  }
};

}  // namespace

const runtime::Topology& sim_topology() {
  static const Parts instance;
  return instance.topology;
}

}  // namespace fealty::simulation

#include "topology.hpp"

#include <string>
#include <utility>

#include "fealty/config/program_loader.hpp"
#include "fealty/log/log.hpp"
#include "fealty/topologies/members.hpp"

namespace fealty::simulation {
namespace {

program::Program load(const char* file) {
  log::set_level(log::Level::off);
  auto loaded = config::load_program(std::string{FEALTY_SOURCE_DIR "/tests/simulation/"} + file);
  check(loaded.has_value(), "the simulation's program can be loaded");
  return std::move(loaded->program);
}

const program::Program& first() {
  static const program::Program loaded = load("program.yaml");
  return loaded;
}

const program::Program& second() {
  static const program::Program loaded = load("program2.yaml");
  return loaded;
}

program::Series series_of(bool both) {
  std::vector<program::Program> generations{first()};
  if (both) generations.push_back(second());
  return program::Series{std::move(generations)};
}

std::vector<ports::Generation> generations_of(const program::Series& series) {
  std::vector<ports::Generation> generations;
  for (const program::Program& one : series.generations()) {
    ports::Generation& made = generations.emplace_back();
    made.version = one.version;
    made.fingerprint = one.fingerprint;
    if (one.valid_from != program::always) made.valid_from = one.valid_from;
  }
  return generations;
}

}  // namespace

SimProgram::SimProgram(bool both)
    : series_{series_of(both)},
      mapping_{codec::cloudevents_mapping()},
      topology_{topologies::members_topology(series_, mapping_, "sim")} {}

std::vector<ports::Generation> SimProgram::generations() const { return generations_of(series_); }

Result<void> SimProgram::add_second(runtime::Members& members) {
  program::Series both = series_of(true);
  if (auto adopted = members.may_adopt(generations_of(both)); !adopted) return adopted;
  members.adopt(generations_of(both));
  series_ = std::move(both);
  return {};
}

Day SimProgram::second_from() { return second().valid_from; }

const runtime::Topology& sim_topology() {
  static const SimProgram program{false};
  return program.topology();
}

}  // namespace fealty::simulation

#include "topology_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/topologies/ingest.hpp"
#include "fealty/topologies/members.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::vector<std::string> programs;
  std::string of;  // empty = all
  std::string format = "text";
};

void print_text(const runtime::Outline& path, const std::string& more) {
  fmt::print("topology {}{}\n", path.name, more);
  fmt::print("  source  {}\n", printable(path.source));
  for (const runtime::Stage& stage : path.stages) {
    fmt::print("    -> {:<9} {}\n", stage.name, printable(stage.does));
  }
  fmt::print("  store   {}\n", path.store);
  for (const ports::StreamSpec& stream : path.streams) {
    fmt::print("  sink    {:<12} {}{}\n", stream.name,
               stream.key.empty() ? "without a key" : fmt::format("by {}", stream.key),
               stream.cleanup == ports::Cleanup::compact ? ", compacted" : "");
  }
}

/// Text inside a Mermaid label in quotes.
std::string label(const std::string& from) {
  std::string text = printable(from);
  std::replace(text.begin(), text.end(), '"', '\'');
  return text;
}

/// Of one topology, as a part of the chart; every node's name begins with the topology's.
void print_mermaid(const runtime::Outline& path) {
  fmt::print("  subgraph {0}\n  {0}_source[/\"{1}\"/]\n", path.name, label(path.source));
  std::string before = "source";
  for (const runtime::Stage& stage : path.stages) {
    fmt::print("  {0}_{1}[\"{1}<br/>{2}\"]\n  {0}_{3} --> {0}_{1}\n", path.name, stage.name,
               label(stage.does), before);
    before = stage.name;
  }
  fmt::print("  {0}_store[(\"{1}\")]\n  {0}_{2} <--> {0}_store\n", path.name, label(path.store),
             before);
  for (const ports::StreamSpec& stream : path.streams) {
    fmt::print("  {0}_sink_{1}[/\"{1}\"/]\n  {0}_{2} --> {0}_sink_{1}\n", path.name, stream.name,
               before);
  }
  fmt::print("  end\n");
}

Result<void> topology(const Options& options) {
  program::Program any;
  any.id = "(any program)";
  program::Series series{any};
  if (!options.programs.empty()) {
    auto loaded = config::load_series(options.programs);
    if (!loaded) return loaded.error();
    series = std::move(loaded->series);
  }
  const codec::Mapping mapping;
  const runtime::Topology members = topologies::members_topology(series, mapping);
  const runtime::IngestTopology ingest = topologies::ingest_topology(
      {{"(any topics, each with its mapping)", &mapping}}, {}, mapping, "waiting");
  const bool text = options.format == "text", both = options.of.empty();
  if (!text) fmt::print("flowchart TD\n");
  if (both || options.of == ingest.name) {
    text ? print_text(ingest, "") : print_mermaid(ingest);
  }
  if (both || options.of == members.name) {
    text ? print_text(members, fmt::format(" (core revision {})", members.core_revision))
         : print_mermaid(members);
  }
  if (both && !text) fmt::print("  ingest_sink_canonical --> members_source\n");
  return {};
}

}  // namespace

void add_topology_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("topology", "The data's path: source, stages, store and sinks");
  command->add_option("name", options->of, "ingest or members; without it both")
      ->check(CLI::IsMember({"members", "ingest"}));
  command->add_option("--format", options->format, "text or mermaid")
      ->check(CLI::IsMember({"text", "mermaid"}));
  command
      ->add_option("--program", options->programs,
                   "Program file, for its name and version; once for each generation")
      ->allow_extra_args(false);
  command->callback([options, &exit_code] {
    const auto done = topology(*options);
    exit_code = done ? exit_ok : fail(done.error());
  });
}

}  // namespace fealty::cli

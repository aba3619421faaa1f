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
#include "fealty/topologies/members.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::vector<std::string> programs;
  std::string format = "text";
};

void print_text(const runtime::Topology& path) {
  fmt::print("topology {} (core revision {})\n", path.name, path.core_revision);
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

void print_mermaid(const runtime::Topology& path) {
  fmt::print("flowchart TD\n  source[/\"{}\"/]\n", label(path.source));
  std::string before = "source";
  for (const runtime::Stage& stage : path.stages) {
    fmt::print("  {}[\"{}<br/>{}\"]\n  {} --> {}\n", stage.name, stage.name, label(stage.does),
               before, stage.name);
    before = stage.name;
  }
  fmt::print("  store[(\"{}\")]\n  {} <--> store\n", label(path.store), before);
  for (const ports::StreamSpec& stream : path.streams) {
    fmt::print("  sink_{0}[/\"{0}\"/]\n  {1} --> sink_{0}\n", stream.name, before);
  }
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
  const runtime::Topology path = topologies::members_topology(series, mapping);
  options.format == "text" ? print_text(path) : print_mermaid(path);
  return {};
}

}  // namespace

void add_topology_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("topology", "The data's path: source, stages, store and sinks");
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

#include "program_command.hpp"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "exit_code.hpp"
#include "fealty/config/program_diff.hpp"
#include "fealty/config/program_loader.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::string from, to;
};

Result<void> diff(const Options& options) {
  const auto from = config::load_program(options.from);
  if (!from) return from.error();
  const auto to = config::load_program(options.to);
  if (!to) return to.error();
  const program::Program& next = to->program;
  fmt::print("{} version {} to version {}", from->program.id, from->program.version, next.version);
  if (next.valid_from != program::always) fmt::print(", from {} on", to_iso_date(next.valid_from));
  fmt::print(":\n");
  const auto sentences = config::diff_in_words(from->program, next);
  for (const std::string& sentence : sentences) fmt::print("  {}\n", sentence);
  if (sentences.empty()) fmt::print("  nothing changes\n");
  return {};
}

}  // namespace

void add_program_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("program", "Work with program files");
  command->require_subcommand(1);
  CLI::App* const one = command->add_subcommand(
      "diff", "Say in words what changes for whom where one generation follows another");
  one->add_option("OLD", options->from, "Program file")->required();
  one->add_option("NEW", options->to, "Program file of the next generation")->required();
  one->callback([options, &exit_code] {
    const auto done = diff(*options);
    exit_code = done ? exit_ok : fail(done.error());
  });
}

}  // namespace fealty::cli

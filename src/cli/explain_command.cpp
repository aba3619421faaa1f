#include "explain_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/codec/encode.hpp"
#include "standard_streams.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::string state, id;
  bool json = false;
};

void print_entry(const member::LedgerEntry& entry) {
  fmt::print("{:>5}  {:<20}  {:<8} {:>10} {:>11}  {} v{}, {}\n", entry.seq, to_rfc3339(entry.time),
             member::name(entry.kind), fmt::format("{:+}", entry.points), entry.balance_after,
             printable(entry.rule), entry.rule_version, printable(entry.cause));
  if (!entry.explanation.empty()) fmt::print("{:>5}  {}\n", "", printable(entry.explanation));
}

Result<int> explain(const Options& options) {
  auto state = StoredState::open(options.state);
  if (!state) return state.error();
  auto found = state->find(options.id);
  if (!found) return found.error();
  if (!*found) return unknown_member(options.id);
  say("{}\n", state->standing((*found)->partition));

  std::string line;
  if (!options.json) {
    fmt::print("{:>5}  {:<20}  {:<8} {:>10} {:>11}  {}\n", "seq", "time", "entry", "points",
               "balance", "rule, cause event");
  }
  const auto read = state->history(**found, [&](const member::LedgerEntry& entry) {
    if (!options.json) return print_entry(entry);
    line.clear();
    codec::encode_entry(entry, options.id, line);
    fmt::print("{}\n", line);
  });
  if (!read) return read.error();
  return exit_ok;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "explain", "Why a member has these points: rule, version and cause of each");
  command->add_option("--state", options->state, "State directory")->required();
  command->add_option("ID", options->id, "Member id")->required();
  command->add_flag("--json", options->json, "One JSON object a ledger entry");
  command->callback([options, &exit_code] {
    const auto done = explain(*options);
    exit_code = done ? *done : fail(done.error());
  });
}

}  // namespace fealty::cli

#include "member_command.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ask_worker.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "member_view.hpp"
#include "standard_streams.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::string state, id;
  AskOptions ask;
  std::vector<std::string> programs;
  bool json = false, all = false;
};

void print_table(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  for (const auto& [key, value] : document.GetObject()) {
    rapidjson::StringBuffer text;
    rapidjson::Writer writer{text};
    value.Accept(writer);
    const std::string_view shown =
        value.IsString() ? std::string_view{value.GetString(), value.GetStringLength()}
                         : std::string_view{text.GetString(), text.GetSize()};
    fmt::print("{:<18} {}\n", printable({key.GetString(), key.GetStringLength()}),
               printable(shown));
  }
}

/// A table for a person, JSON for a pipe.
void print(const std::string& json, const Options& options) {
  if (!options.json && isatty(STDOUT_FILENO) == 1) {
    print_table(json);
  } else {
    fmt::print("{}\n", json);
  }
}

Result<int> show_one(StoredState& state, const MemberView& view, const Options& options) {
  auto found = state.find(options.id);
  if (!found) return found.error();
  if (!*found) return state.unknown_member(options.id);
  const std::string json = view((*found)->record, state.clock((*found)->record));
  say("{}\n", state.standing((*found)->partition));
  print(json, options);
  return exit_ok;
}

Result<int> show_asked(const Options& options) {
  if (options.all || !options.programs.empty()) {
    return Error{Errc::usage, "--socket", "a worker is asked for one member, by its own program"};
  }
  return ask_worker(options.ask, ports::ReadRequest::What::member, options.id,
                    [&](const std::string& json) { print(json, options); });
}

Result<int> show(const Options& options) {
  if (options.id.empty() != options.all) {
    return Error{Errc::usage, "ID", "give one member's id, or --all"};
  }
  if (options.state.empty() == options.ask.socket.empty()) {
    return Error{Errc::usage, "--state", "give --state DIR, or --socket PATH of a running worker"};
  }
  if (!options.ask.socket.empty()) return show_asked(options);
  auto state = StoredState::open(options.state);
  if (!state) return state.error();
  auto view = MemberView::make(options.state, options.programs, *state);
  if (!view) return view.error();
  if (!options.all) return show_one(*state, **view, options);
  const auto scanned = state->scan([&](const member::Record& record) -> Result<void> {
    fmt::print("{}\n", (**view)(record, state->clock(record)));
    return {};
  });
  if (!scanned) return scanned.error();
  return exit_ok;
}

}  // namespace

void add_member_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("member", "A member's state as JSON (a table on a terminal)");
  command->add_option("--state", options->state, "State directory");
  add_ask_options(*command, options->ask);
  command->add_option("ID", options->id, "Member id");
  command->add_flag("--all", options->all, "Every member, one JSON object a line, sorted by id");
  command
      ->add_option("--program", options->programs,
                   "Program file, once for each generation (default: the copies beside the state)")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "JSON on a terminal too");
  command->callback([options, &exit_code] {
    const auto done = show(*options);
    exit_code = done ? *done : fail(done.error());
  });
}

}  // namespace fealty::cli

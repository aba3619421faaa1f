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
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ask_worker.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/topologies/members.hpp"
#include "program_beside.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::string state, id;
  AskOptions ask;
  std::vector<std::string> programs;
  bool json = false, all = false;
};

/// Turns records into what a reader is shown: by the program's own topology where the program is
/// known, else as stored (level as a number, churn as of the member's last event).
class View {
 public:
  static Result<std::unique_ptr<View>> make(const Options& options, const StoredState& state) {
    auto view = std::make_unique<View>();
    const auto files = options.programs.empty() ? programs_beside(options.state) : options.programs;
    if (files.empty()) {
      fmt::print(
          stderr,
          "no --program: level and churn are shown as stored, churn as of the last purchase\n");
      return view;
    }
    auto loaded = config::load_series(files);
    if (!loaded) return loaded.error();
    view->series_ = std::move(loaded->series);
    if (auto same = state.belongs_to(*view->series_); !same) return same.error();
    view->path_ = topologies::members_topology(*view->series_, view->mapping_);
    return view;
  }

  std::string operator()(const member::Record& record, EventTime clock) const {
    std::string out;
    if (path_) {
      path_->outputs.members.encode(record, clock, out);
      return out;
    }
    const std::string level = std::to_string(record.level.level);
    codec::MemberView view;
    view.record = &record;
    view.level = level;
    view.churn_bp = record.churn_bp;
    view.churn_raised = record.churn.raised;
    view.as_of = clock;
    codec::encode_member(view, out);
    return out;
  }

 private:
  std::optional<program::Series> series_;
  codec::Mapping mapping_;
  std::optional<runtime::Topology> path_;  // borrows both
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

Result<int> show_one(StoredState& state, const View& view, const Options& options) {
  auto found = state.find(options.id);
  if (!found) return found.error();
  if (!*found) return state.unknown_member(options.id);
  const std::string json = view((*found)->record, state.clock((*found)->record));
  fmt::print(stderr, "{}\n", state.standing((*found)->partition));
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
  auto view = View::make(options, *state);
  if (!view) return view.error();
  if (!options.all) return show_one(*state, **view, options);
  const auto scanned = state->scan([&](const member::Record& record) -> Result<void> {
    const std::string json = (**view)(record, state->clock(record)) + "\n";
    if (std::fwrite(json.data(), 1, json.size(), stdout) != json.size()) {
      return Error{Errc::output_unwritable, "stdout"};
    }
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

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "changelog_check.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/program/ledger.hpp"
#include "fealty/state/in_use.hpp"
#include "fealty/state/inspection.hpp"
#include "program_beside.hpp"
#include "standard_streams.hpp"
#include "state_command.hpp"

namespace fealty::cli {
namespace {

struct Verdict {
  state::Audited audited;
  std::uint64_t files = 0, bytes = 0;
  std::optional<std::uint64_t> same_as_changelog;  // keys; nullopt = not asked for
  double seconds = 0;
};

/// How many levels the program has; 0 where it is not known.
std::size_t levels_of(const StateCommandOptions& options) {
  const auto files = options.programs.empty() ? programs_beside(options.state) : options.programs;
  if (files.empty()) return 0;
  const auto loaded = config::load_series(files);
  std::size_t levels = 0;
  if (loaded) {
    for (const auto& one : loaded->series.generations()) {
      levels = std::max(levels, one.levels.size());
    }
  } else {
    say("{}: levels are not checked\n", describe(loaded.error()));
  }
  return levels;
}

/// The directory, its own log read to the end; where that is damaged, as far as it can be read.
Result<std::unique_ptr<state::Inspection>> open(const std::string& directory,
                                                state::Faults& faults) {
  auto whole = state::Inspection::open(directory, true);
  if (whole || whole.error().code != Errc::store_corrupt) return whole;
  auto part = state::Inspection::open(directory, false);
  if (!part) {
    faults.add(part.error(), {});
    return part;
  }
  state::Fault fault{.kind = state::Fault::Kind::damaged};
  fault.file = state::log_files(directory);
  fault.key = "write-ahead log";
  fault.problem = whole.error().detail + "; what follows in it is lost";
  faults.add(std::move(fault));
  return part;
}

Result<Verdict> verify(const StateCommandOptions& options, state::Faults& faults) {
  Verdict out;
  if (state::in_use(options.state)) {
    return Error{Errc::state_in_use, "--state", options.state + " is written to by a process"};
  }
  const auto opened = open(options.state, faults);
  if (!opened && opened.error().code != Errc::store_corrupt) {
    const bool none = opened.error().code == Errc::input_unreadable;
    return none ? Error{Errc::usage, "--state", "there is no state in '" + options.state + "'"}
                : opened.error();
  }
  if (!opened) {
    out.bytes = state::check_table_files(options.state, nullptr, faults);
    return out;
  }
  state::Inspection& inspection = **opened;
  const auto files = inspection.table_files();
  out.files = files.size();
  out.bytes = state::check_table_files(options.state, &files, faults);
  const state::AuditRules rules{program::chain_hash, levels_of(options)};
  const auto partitions = inspection.partitions();
  if (!partitions) {
    faults.add(partitions.error(), {});
    return out;
  }
  for (const std::uint32_t partition : *partitions) {
    const state::Audited one = inspection.audit(partition, rules, faults);
    out.audited.members += one.members;
    out.audited.entries += one.entries;
    out.audited.rows += one.rows;
    out.audited.timers += one.timers;
  }
  if (options.service.empty()) return out;
  const auto same = check_changelog(inspection, options.service, options.scratch, faults);
  if (!same) return same.error();
  out.same_as_changelog = *same;
  return out;
}

std::string_view kind_name(state::Fault::Kind kind) {
  return kind == state::Fault::Kind::damaged ? "damaged" : "different";
}

void print(const state::Fault& fault) {
  std::string where;
  const auto add = [&](std::string_view what, std::string_view name) {
    if (!name.empty()) where += fmt::format("{}{}{}", where.empty() ? "" : ", ", what, name);
  };
  add("", fault.file);
  if (fault.partition) add("partition ", std::to_string(*fault.partition));
  add("member ", fault.member);
  add("", fault.key);
  fmt::print("{}: {}: {}\n", kind_name(fault.kind), printable(where), printable(fault.problem));
}

void print(const Verdict& verdict, const state::Faults& faults) {
  for (const state::Fault& fault : faults.kept()) print(fault);
  const std::size_t all = faults.damaged() + faults.different();
  if (all > faults.kept().size()) {
    fmt::print("and {} more (--faults-max)\n", all - faults.kept().size());
  }
  fmt::print(
      "{}: {} members, {} ledger entries, {} rows, {} timers; {} bytes in {} table files; {:.1f} "
      "s\n",
      faults.empty() ? "ok" : "not ok", verdict.audited.members, verdict.audited.entries,
      verdict.audited.rows, verdict.audited.timers, verdict.bytes, verdict.files, verdict.seconds);
  if (verdict.same_as_changelog) {
    fmt::print("{} keys are the same in the changelog\n", *verdict.same_as_changelog);
  }
}

void print_json(const Verdict& verdict, const state::Faults& faults) {
  rapidjson::StringBuffer text;
  rapidjson::Writer out{text};
  const auto number = [&](const char* name, std::uint64_t value) {
    out.Key(name);
    out.Uint64(value);
  };
  const auto string = [&](const char* name, const std::string& value) {
    const std::string safe = printable(value);
    out.Key(name);
    out.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
  };
  out.StartObject();
  out.Key("ok");
  out.Bool(faults.empty());
  number("damaged", faults.damaged());
  number("different", faults.different());
  number("members", verdict.audited.members);
  number("entries", verdict.audited.entries);
  number("rows", verdict.audited.rows);
  number("timers", verdict.audited.timers);
  number("files", verdict.files);
  number("bytes", verdict.bytes);
  if (verdict.same_as_changelog) number("same_as_changelog", *verdict.same_as_changelog);
  out.Key("seconds");
  out.Double(verdict.seconds);
  out.Key("faults");
  out.StartArray();
  for (const state::Fault& fault : faults.kept()) {
    out.StartObject();
    string("kind", std::string{kind_name(fault.kind)});
    if (fault.partition) number("partition", *fault.partition);
    if (!fault.file.empty()) string("file", fault.file);
    if (!fault.member.empty()) string("member", fault.member);
    if (!fault.key.empty()) string("key", fault.key);
    string("problem", fault.problem);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
  fmt::print("{}\n", text.GetString());
}

}  // namespace

Result<int> verify_state(const StateCommandOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  state::Faults faults{options.faults_max};
  auto verdict = verify(options, faults);
  if (!verdict) return verdict.error();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  verdict->seconds = took.count();
  options.json ? print_json(*verdict, faults) : print(*verdict, faults);
  if (faults.damaged() > 0) {
    return Error{Errc::store_corrupt, "--state",
                 fmt::format("{}: {} damaged, {} different", options.state, faults.damaged(),
                             faults.different())};
  }
  if (faults.different() > 0) {
    return Error{Errc::verification_failed, "--state",
                 fmt::format("{}: {} differences: keep a copy and report it; then move the state "
                             "directory away, so that an empty one is restored from the changelog "
                             "or made by a replay",
                             options.state, faults.different())};
  }
  return exit_ok;
}

}  // namespace fealty::cli

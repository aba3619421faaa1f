#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/base/time.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/state/inspection.hpp"
#include "program_beside.hpp"
#include "standard_streams.hpp"
#include "state_command.hpp"

namespace fealty::cli {
namespace {

constexpr std::size_t largest_max = 5;

struct Stats {
  std::uint64_t members = 0, entries = 0;
  std::int64_t liability = 0;  // sum of all balances
  std::int64_t debt = 0;       // of it, of those below zero
  std::int64_t reserved = 0;   // beside it, held by open reservations
  std::vector<std::uint64_t> by_level;
  std::vector<state::TableSize> tables;  // all partitions together
  std::vector<state::TableFileSize> files;
  std::vector<std::pair<std::uint32_t, ports::Checkpoint>> partitions;
};

void merge(std::vector<state::TableSize>&& sizes, std::vector<state::TableSize>& into) {
  for (state::TableSize& size : sizes) {
    const auto same = [&](const auto& one) { return one.letter == size.letter; };
    const auto at = std::find_if(into.begin(), into.end(), same);
    if (at == into.end()) {
      into.push_back(std::move(size));
      continue;
    }
    at->rows += size.rows;
    at->bytes += size.bytes;
    at->largest.insert(at->largest.end(), size.largest.begin(), size.largest.end());
    std::stable_sort(at->largest.begin(), at->largest.end(),
                     [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    if (at->largest.size() > largest_max) at->largest.resize(largest_max);
  }
}

Result<Stats> gather(state::Inspection& inspection) {
  Stats out;
  out.files = inspection.table_files();
  const auto partitions = inspection.partitions();
  if (!partitions) return partitions.error();
  for (const std::uint32_t partition : *partitions) {
    auto checkpoint = inspection.checkpoint(partition);
    if (!checkpoint) return checkpoint.error();
    out.partitions.emplace_back(partition, checkpoint->value_or(ports::Checkpoint{}));
    const auto read =
        inspection.members(partition, [&](const member::Record& record) -> Result<void> {
          ++out.members;
          out.entries += record.ledger_seq;
          out.liability += record.balance;
          if (record.balance < 0) out.debt += record.balance;
          out.reserved += record.reserved;
          if (out.by_level.size() <= record.level.level)
            out.by_level.resize(record.level.level + 1U);
          ++out.by_level[record.level.level];
          return {};
        });
    if (!read) return read.error();
    auto sizes = inspection.sizes(partition, largest_max);
    if (!sizes) return sizes.error();
    merge(std::move(*sizes), out.tables);
  }
  return out;
}

/// Of the newest generation; empty where it is not known.
std::vector<std::string> level_names(const StateCommandOptions& options) {
  const auto files = options.programs.empty() ? programs_beside(options.state) : options.programs;
  std::vector<std::string> out;
  if (files.empty()) return out;
  const auto loaded = config::load_series(files);
  if (!loaded) {
    say("{}: levels are shown by number\n", describe(loaded.error()));
    return out;
  }
  for (const auto& level : loaded->series.newest().levels) out.push_back(level.name);
  return out;
}

std::string name_of(std::size_t level, const std::vector<std::string>& names) {
  return level < names.size() ? names[level] : std::to_string(level);
}

std::string clock_of(const ports::Checkpoint& at) {
  return at.clock.now == EventTime{} ? std::string{"none"} : to_rfc3339(at.clock.now);
}

std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> by_family(const Stats& stats) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> out;
  for (const auto& file : stats.files) {
    ++out[file.family].first;
    out[file.family].second += file.bytes;
  }
  return out;
}

void print(const Stats& stats, const std::vector<std::string>& names) {
  fmt::print("members       {}\n", stats.members);
  for (std::size_t i = 0; i < stats.by_level.size(); ++i) {
    fmt::print("  {:<11} {}\n", printable(name_of(i, names)), stats.by_level[i]);
  }
  fmt::print("points owed   {} (debts of {} set off), {} reserved\n", stats.liability, -stats.debt,
             stats.reserved);
  fmt::print("entries       {}\n\n", stats.entries);
  fmt::print("{:<20} {:>12} {:>15}  {}\n", "table", "rows", "bytes", "largest members (bytes)");
  for (const auto& table : stats.tables) {
    std::string largest;
    for (const auto& one : table.largest) {
      if (one.member.empty()) continue;
      largest +=
          fmt::format("{}{} ({})", largest.empty() ? "" : ", ", printable(one.member), one.bytes);
    }
    fmt::print("{:<20} {:>12} {:>15}  {}\n", state::table_name(table.letter), table.rows,
               table.bytes, largest);
  }
  fmt::print("\n");
  for (const auto& [family, size] : by_family(stats)) {
    fmt::print("{} table files of {}: {} bytes\n", size.first, family, size.second);
  }
  for (const auto& [number, at] : stats.partitions) {
    fmt::print("partition {}: recover_from {}, committed {}, changelog position {}, clock {}\n",
               number, at.recover_from, at.committed, at.changelog_position, clock_of(at));
    for (const ports::Generation& one : at.generations) {
      fmt::print("  program {} version {}, adopted at {}\n", printable(at.program_id), one.version,
                 one.adopted_at);
    }
  }
}

class Json {
 public:
  void number(const char* name, std::uint64_t value) {
    out_.Key(name);
    out_.Uint64(value);
  }
  void integer(const char* name, std::int64_t value) {
    out_.Key(name);
    out_.Int64(value);
  }
  void string(const char* name, std::string_view value) {
    out_.Key(name);
    text(value);
  }
  void text(std::string_view value) {
    const std::string safe = printable(value);
    out_.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
  }
  /// `body` writes what is in it.
  template <class Body>
  void object(const Body& body) {
    out_.StartObject();
    body();
    out_.EndObject();
  }
  template <class Range, class Body>
  void array(const char* name, const Range& range, const Body& body) {
    out_.Key(name);
    out_.StartArray();
    for (const auto& one : range) object([&] { body(one); });
    out_.EndArray();
  }
  [[nodiscard]] const char* str() const { return buffer_.GetString(); }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> out_{buffer_};
};

void print_json(const Stats& stats, const std::vector<std::string>& names) {
  Json json;
  json.object([&] {
    json.number("members", stats.members);
    std::size_t level = 0;
    json.array("by_level", stats.by_level, [&](std::uint64_t count) {
      json.string("level", name_of(level++, names));
      json.number("members", count);
    });
    json.integer("liability_points", stats.liability);
    json.integer("debt_points", -stats.debt);
    json.integer("reserved_points", stats.reserved);
    json.number("entries", stats.entries);
    json.array("tables", stats.tables, [&](const state::TableSize& table) {
      json.string("table", state::table_name(table.letter));
      json.number("rows", table.rows);
      json.number("bytes", table.bytes);
      json.array("largest", table.largest, [&](const auto& one) {
        json.string("member", one.member);
        json.number("bytes", one.bytes);
      });
    });
    json.array("files", stats.files, [&](const state::TableFileSize& file) {
      json.string("file", file.name);
      json.string("family", file.family);
      json.number("bytes", file.bytes);
    });
    json.array("partitions", stats.partitions, [&](const auto& partition) {
      const ports::Checkpoint& at = partition.second;
      json.number("partition", partition.first);
      json.number("recover_from", at.recover_from);
      json.number("committed", at.committed);
      json.number("changelog_position", at.changelog_position);
      json.string("clock", clock_of(at));
      json.string("program", at.program_id);
      json.array("generations", at.generations, [&](const ports::Generation& one) {
        json.number("version", one.version);
        json.number("adopted_at", one.adopted_at);
      });
    });
  });
  fmt::print("{}\n", json.str());
}

}  // namespace

Result<int> show_state_stats(const StateCommandOptions& options) {
  const auto inspection = state::Inspection::open(options.state, false);
  if (!inspection && inspection.error().code == Errc::input_unreadable) {
    return Error{Errc::usage, "--state", "there is no state in '" + options.state + "'"};
  }
  if (!inspection) return inspection.error();
  const auto stats = gather(**inspection);
  if (!stats) return stats.error();
  const auto names = level_names(options);
  options.json ? print_json(*stats, names) : print(*stats, names);
  return exit_ok;
}

}  // namespace fealty::cli

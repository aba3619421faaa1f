#include "replay_report.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "fealty/files/atomic_file.hpp"

namespace fealty::cli {
namespace {

using runtime::Counters;

struct Figure {
  std::string_view name;
  std::uint64_t Counters::*count = nullptr;
  std::int64_t Counters::*points = nullptr;
};
/// In the order of the report.
constexpr std::array figures = {
    Figure{"events", &Counters::records, nullptr},
    Figure{"applied", &Counters::applied, nullptr},
    Figure{"duplicates", &Counters::duplicates, nullptr},
    Figure{"skipped", &Counters::skipped, nullptr},
    Figure{"deadlettered", &Counters::deadlettered, nullptr},
    Figure{"points_issued", nullptr, &Counters::points_issued},
    Figure{"points_redeemed", nullptr, &Counters::points_redeemed},
    Figure{"points_reversed", nullptr, &Counters::points_reversed},
    Figure{"members_new", &Counters::members_new, nullptr},
};

constexpr std::string_view odd_prefix = "odd_field ";

/// As a JSON string.
std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json{buffer};
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return buffer.GetString();
}

std::int64_t ms_of(EventTime time) { return time.time_since_epoch().count(); }
EventTime time_of(std::int64_t ms) { return EventTime{std::chrono::milliseconds{ms}}; }

std::int64_t get(const Figure& figure, const Counters& from) {
  return figure.count != nullptr ? static_cast<std::int64_t>(from.*figure.count)
                                 : from.*figure.points;
}
void set(const Figure& figure, Counters& to, std::int64_t value) {
  if (figure.count != nullptr) {
    to.*figure.count = static_cast<std::uint64_t>(value);
  } else {
    to.*figure.points = value;
  }
}

std::string time_or_empty(EventTime time) {
  return time == EventTime{} ? std::string{} : to_rfc3339(time);
}

}  // namespace

std::vector<files::Count> to_counts(const ReplayTotals& totals) {
  std::vector<files::Count> counts;
  for (const Figure& figure : figures) {
    counts.push_back({std::string{figure.name}, get(figure, totals.counters)});
  }
  counts.push_back({"first_event_ms", ms_of(totals.counters.first_time)});
  counts.push_back({"last_event_ms", ms_of(totals.counters.last_time)});
  counts.push_back({"clock_ms", ms_of(totals.clock)});
  counts.push_back({"took_ms", totals.took.count()});
  for (const auto& [path, times] : totals.odd_fields) {
    counts.push_back({std::string{odd_prefix} + path, times});
  }
  return counts;
}

ReplayTotals from_counts(const std::vector<files::Count>& counts) {
  ReplayTotals totals;
  for (const files::Count& count : counts) {
    const auto figure = std::find_if(figures.begin(), figures.end(),
                                     [&](const Figure& one) { return one.name == count.name; });
    if (figure != figures.end()) set(*figure, totals.counters, count.value);
    if (count.name == "first_event_ms") totals.counters.first_time = time_of(count.value);
    if (count.name == "last_event_ms") totals.counters.last_time = time_of(count.value);
    if (count.name == "clock_ms") totals.clock = time_of(count.value);
    if (count.name.starts_with(odd_prefix)) {
      totals.odd_fields[count.name.substr(odd_prefix.size())] = count.value;
    }
    if (count.name == "took_ms") totals.took = std::chrono::milliseconds{count.value};
  }
  return totals;
}

Result<void> write_report(const std::string& dir, const ReplayTotals& totals, const Sums& sums) {
  std::string report = "{\n";
  for (const Figure& figure : figures) {
    report += fmt::format("  \"{}\": {},\n", figure.name, get(figure, totals.counters));
  }
  std::string odd;
  for (const auto& [path, times] : totals.odd_fields) {
    odd += fmt::format("{}\n    {}: {}", odd.empty() ? "" : ",", quoted(path), times);
  }
  if (!odd.empty()) report += fmt::format("  \"odd_fields\": {{{}\n  }},\n", odd);
  std::string files;
  for (const auto& [name, sum] : sums) {
    files += fmt::format("{}\n    \"{}\": \"{}\"", files.empty() ? "" : ",", name, sum);
  }
  const double seconds = std::max(static_cast<double>(totals.took.count()) / 1000, 0.001);
  report += fmt::format(
      "  \"first_event\": \"{}\",\n  \"last_event\": \"{}\",\n  \"seconds\": {:.3f},\n"
      "  \"events_per_second\": {:.0f},\n  \"sha256\": {{{}\n  }}\n}}\n",
      time_or_empty(totals.counters.first_time), time_or_empty(totals.counters.last_time), seconds,
      static_cast<double>(totals.counters.records) / seconds, files);
  return files::write_atomically(dir + "/report.json", report, false);
}

}  // namespace fealty::cli

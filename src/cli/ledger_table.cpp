#include "ledger_table.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "fealty/base/printable.hpp"
#include "fealty/base/time.hpp"

namespace fealty::cli {
namespace {

struct Shown {
  std::uint64_t seq = 0;
  std::string_view time, kind;
  std::int64_t points = 0, balance = 0;
  std::string_view rule;
  std::uint32_t rule_version = 0;
  std::string_view cause, explanation;
};

void print(const Shown& entry) {
  fmt::print("{:>5}  {:<20}  {:<8} {:>10} {:>11}  {} v{}, {}\n", entry.seq, entry.time, entry.kind,
             fmt::format("{:+}", entry.points), entry.balance, printable(entry.rule),
             entry.rule_version, printable(entry.cause));
  if (!entry.explanation.empty()) fmt::print("{:>5}  {}\n", "", printable(entry.explanation));
}

}  // namespace

void print_ledger_head() {
  fmt::print("{:>5}  {:<20}  {:<8} {:>10} {:>11}  {}\n", "seq", "time", "entry", "points",
             "balance", "rule, cause event");
}

void print_entry(const member::LedgerEntry& entry) {
  const std::string time = to_rfc3339(entry.time);
  print({entry.seq, time, member::name(entry.kind), entry.points, entry.balance_after, entry.rule,
         entry.rule_version, entry.cause, entry.explanation});
}

void print_entry(const std::string& json) {
  rapidjson::Document entry;
  entry.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const auto text = [&](const char* name) {
    return std::string_view{entry[name].GetString(), entry[name].GetStringLength()};
  };
  constexpr std::array texts{"time", "entry", "rule", "cause", "explanation"};
  constexpr std::array numbers{"seq", "points", "balance", "rule_version"};
  const bool well = !entry.HasParseError() && entry.IsObject() &&
                    std::all_of(texts.begin(), texts.end(),
                                [&](const char* name) {
                                  return entry.HasMember(name) && entry[name].IsString();
                                }) &&
                    std::all_of(numbers.begin(), numbers.end(), [&](const char* name) {
                      return entry.HasMember(name) && entry[name].IsNumber();
                    });
  if (!well) {
    fmt::print("{}\n", printable(json));
    return;
  }
  print({entry["seq"].GetUint64(), text("time"), text("entry"), entry["points"].GetInt64(),
         entry["balance"].GetInt64(), text("rule"), entry["rule_version"].GetUint(), text("cause"),
         text("explanation")});
}

}  // namespace fealty::cli

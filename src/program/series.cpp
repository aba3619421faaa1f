#include "fealty/program/series.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"

namespace fealty::program {
namespace {

std::vector<Program> alone(Program program) {
  std::vector<Program> out;
  out.push_back(std::move(program));
  return out;
}

constexpr const char* migration = ": that is a migration, not a new generation";

void compare(const Program& first, const Program& other, std::size_t at,
             std::vector<SeriesFault>& faults) {
  const auto differs = [&](const char* key, bool same) {
    if (!same) {
      faults.push_back(
          {at, key, std::string{"differs from the first generation's"}.append(migration)});
    }
  };
  differs("program.id", first.id == other.id);
  differs("program.currency", first.currency == other.currency);
  differs("program.utc_offset", first.utc_offset_s == other.utc_offset_s);
  differs("levels.metric", first.metric == other.metric);
  differs("levels.period",
          first.period == other.period &&
              (first.period != Period::rolling_days || first.rolling_days == other.rolling_days));
}

}  // namespace

std::vector<SeriesFault> series_faults(std::span<const Program> generations) {
  check(!generations.empty(), "a series has a generation");
  std::vector<SeriesFault> faults;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const Program& now = generations[i];
    if (i == 0) {
      if (now.valid_from != always) {
        faults.push_back({i, "program.valid_from",
                          "the first generation is in force from the beginning: leave it out, or "
                          "give the generation before it, too"});
      }
      continue;
    }
    const Program& before = generations[i - 1];
    compare(generations.front(), now, i, faults);
    if (now.valid_from == always) {
      faults.push_back({i, "program.valid_from",
                        "only the first generation is in force from the beginning: say from when "
                        "this one is"});
    } else if (now.valid_from == before.valid_from) {
      faults.push_back({i, "program.valid_from", "another generation has the same day"});
    } else if (now.valid_from < before.valid_from) {
      faults.push_back({i, "program.valid_from", "must be later than that of the one before"});
    }
    if (now.version <= before.version) {
      faults.push_back({i, "program.version",
                        "must be above " + std::to_string(before.version) +
                            ", that of the generation before it"});
    }
  }
  return faults;
}

Series::Series(Program only) : Series{alone(std::move(only))} {}

Series::Series(std::vector<Program> generations) : generations_{std::move(generations)} {
  std::vector<ChurnGeneration> churn;
  for (std::size_t i = 0; i < generations_.size(); ++i) {
    const Program& one = generations_[i];
    check(i == 0 || one.valid_from > generations_[i - 1].valid_from, "generations ascend");
    any_levels_ = any_levels_ || one.levels.size() > 1;
    any_hold_ = any_hold_ || one.refund_levels == RefundLevels::hold_to_period_end;
    any_muted_ = any_muted_ || one.muted.any() || one.mute_before != EventTime{};
    churn.push_back({one.valid_from, one.version, one.churn});
  }
  churn_ = ChurnSeries{std::move(churn)};
}

const Program* Series::of_version(std::uint32_t version) const {
  for (const Program& one : generations_) {
    if (one.version == version) return &one;
  }
  return nullptr;
}

std::uint64_t Series::fingerprint() const {
  std::uint64_t out = first().fingerprint;
  for (std::size_t i = 1; i < generations_.size(); ++i) {
    out = mix(out, generations_[i].fingerprint);
  }
  return out;
}

std::vector<Day> Series::switches(Day after, Day until) const {
  std::vector<Day> out;
  for (Day day = next_switch(after); day <= until && day != no_day; day = next_switch(day)) {
    out.push_back(day);
  }
  return out;
}

}  // namespace fealty::program

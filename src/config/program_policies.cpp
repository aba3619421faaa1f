#include <algorithm>
#include <array>

#include "fealty/base/decimal.hpp"
#include "program_sections.hpp"

namespace fealty::config {
namespace {

using namespace std::chrono_literals;
using program::Metric;
using program::Period;

void read_period(Map& levels, program::Program& program) {
  constexpr std::array<std::string_view, 2> names{"lifetime", "calendar_year"};
  const auto value = levels.get("period");
  if (!value) return;
  if (value->node().kind != Node::Kind::map) {
    program.period = static_cast<Period>(value->choice(names).value_or(0));
    return;
  }
  auto map = value->map();
  program.period = Period::rolling_days;
  if (const auto days = map->require("rolling_days")) {
    program.rolling_days = static_cast<std::int32_t>(days->integer(1, 3650).value_or(365));
  }
  map->finish();
}

/// A threshold: whole points or orders, or money in major units.
std::optional<std::int64_t> read_threshold(const Value& value, const program::Program& program) {
  if (program.metric != Metric::money || !program.currency.stated()) {
    if (program.metric == Metric::money) return 0;  // the currency's fault is reported already
    return value.integer(0, amount_minor_max);
  }
  const auto text = value.text();
  if (!text) return std::nullopt;
  const auto minor = parse_decimal(*text, program.currency.scale(), amount_minor_max);
  if (minor && *minor >= 0) return *minor;
  value.fault("must be an amount of the program's currency, 0 or more");
  return std::nullopt;
}

program::Level read_level(const Value& value, const program::Program& program) {
  program::Level out;
  auto map = value.map();
  if (!map) return out;
  if (const auto name = map->require("name")) out.name = identifier(*name).value_or("");
  const auto from = map->require("from");
  const auto threshold = from ? read_threshold(*from, program) : std::nullopt;
  out.from = threshold.value_or(0);
  if (const auto multiplier = map->get("multiplier")) {
    out.multiplier = multiplier->rational().value_or(program::Rational{1, 1});
    const auto part_max = program::multiplier_part_max;
    if (out.multiplier.num < 0 || out.multiplier.num > 1000 * out.multiplier.den ||
        out.multiplier.num > part_max || out.multiplier.den > part_max) {
      multiplier->fault("out of range, 0 to 1000 with at most 6 decimals");
    }
  }
  map->finish();
  if (!threshold) return out;
  if (program.levels.empty()) {
    if (out.from != 0) from->fault("the first level starts from 0");
  } else if (out.from == program.levels.back().from) {
    from->fault("same threshold as the level before");
  } else if (out.from < program.levels.back().from) {
    from->fault("thresholds must ascend");
  }
  return out;
}

void read_churn(Map& root, ChurnParameters& churn) {
  auto map = root.map("churn");
  if (!map) return;
  churn.enabled = map->boolean("enabled").value_or(churn.enabled);
  if (auto model = map->map("bgnbd")) {
    constexpr double min = 1e-6;
    constexpr double max = 1e6;
    churn.r = model->number("r", min, max).value_or(churn.r);
    churn.alpha = model->number("alpha", min, max).value_or(churn.alpha);
    churn.a = model->number("a", min, max).value_or(churn.a);
    churn.b = model->number("b", min, max).value_or(churn.b);
    model->finish();
  }
  const auto days = [&](std::string_view key, std::int64_t min, std::int32_t& out) {
    if (const auto value = map->integer(key, min, 3650)) out = static_cast<std::int32_t>(*value);
  };
  days("horizon_days", 1, churn.horizon_days);
  days("dwell_days", 0, churn.dwell_days);
  const auto share_bp = [&](std::string_view key, std::int32_t& out) {
    const auto value = map->get(key);
    const auto share = value ? value->rational() : std::nullopt;
    if (!share) return;
    const std::int64_t bp = share->num * 10'000 / share->den;
    if (bp < 0 || bp > 10'000 || share->num * 10'000 % share->den != 0) {
      value->fault("out of range, 0 to 1 with at most 4 decimals");
      return;
    }
    out = static_cast<std::int32_t>(bp);
  };
  share_bp("raise", churn.raise_bp);
  share_bp("clear", churn.clear_bp);
  if (churn.clear_bp >= churn.raise_bp) map->fault("'clear' must be less than 'raise'");
  map->finish();
}

void read_notices(Map& root, program::Program& program) {
  auto map = root.map("notices");
  if (!map) return;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < member::notice_type_count; ++i) {
    names.push_back(member::name(static_cast<member::NoticeType>(i)));
  }
  for (const Value& value : map->list("mute")) {
    if (const auto index = value.choice(names)) program.muted.set(*index);
  }
  if (const auto before = map->get("mute_before")) {
    if (const auto text = before->text()) {
      const auto time = parse_rfc3339(*text);
      if (!time || *time <= EventTime{}) {
        before->fault("must be a time such as 2026-01-01T00:00:00+01:00");
      } else {
        program.mute_before = *time;
      }
    }
  }
  map->finish();
}

}  // namespace

void read_levels(Map& root, program::Program& program) {
  constexpr std::array<std::string_view, 3> metrics{"points", "money", "orders"};
  constexpr std::array<std::string_view, 3> downgrades{"to_qualified", "one_step", "none"};
  constexpr std::array<std::string_view, 2> refunds{"recheck", "hold_to_period_end"};
  auto levels = root.map("levels");
  if (!levels) {
    program.levels = {{"member", 0, {1, 1}}};
    return;
  }
  program.metric = static_cast<Metric>(levels->choice("metric", metrics).value_or(0));
  read_period(*levels, program);
  program.grace_days =
      static_cast<std::int32_t>(levels->integer("grace_days", 0, 3650).value_or(0));
  program.downgrade =
      static_cast<program::Downgrade>(levels->choice("downgrade", downgrades).value_or(0));
  program.refund_levels =
      static_cast<program::RefundLevels>(levels->choice("on_refund", refunds).value_or(0));
  if (const auto list = levels->require("list")) {
    const std::vector<Value> items = list->list();
    if (items.empty() || items.size() > 64) list->fault("needs 1 to 64 levels");
    for (const Value& item : items) {
      program::Level level = read_level(item, program);
      for (const program::Level& other : program.levels) {
        if (!level.name.empty() && other.name == level.name) {
          item.fault("two levels named '" + level.name + "'");
        }
      }
      program.levels.push_back(std::move(level));
    }
  }
  levels->finish();
}

void read_policies(Map& root, program::Program& program) {
  constexpr std::array<std::string_view, 2> negative{"debt", "clamp"};
  if (auto redemption = root.map("redemption")) {
    program.negative_balance = static_cast<program::NegativeBalance>(
        redemption->choice("negative_balance", negative).value_or(0));
    redemption->finish();
  }
  read_churn(root, program.churn);
  read_notices(root, program);
  if (auto clock = root.map("clock")) {
    if (const auto jump = clock->duration("jump_max", 24h, 24h * 36500)) {
      program.clock_jump_days_max = static_cast<std::int32_t>(*jump / 24h);
    }
    if (const auto future = clock->duration("future_max", 0s, 24h * 365)) {
      program.future_s_max = std::chrono::duration_cast<std::chrono::seconds>(*future).count();
    }
    clock->finish();
  }
}

}  // namespace fealty::config

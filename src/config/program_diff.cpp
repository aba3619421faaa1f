#include "fealty/config/program_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "program_words.hpp"

namespace fealty::config {
namespace {

using program::Level;
using program::Program;
using program::Rule;
using Sentences = std::vector<std::string>;

template <class T>
const T* named(const std::vector<T>& items, const std::string& name) {
  const auto at =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return at == items.end() ? nullptr : &*at;
}

void compare_identity(const Program& from, const Program& to, Sentences& out) {
  const auto differs = [&](std::string_view what, const std::string& a, const std::string& b) {
    if (a == b) return;
    out.push_back(
        fmt::format("{}: {} becomes {}: that is a migration, not a new generation", what, a, b));
  };
  differs("program.id", from.id, to.id);
  differs("program.currency", words::code(from.currency), words::code(to.currency));
  differs("program.utc_offset", words::offset(from.utc_offset_s), words::offset(to.utc_offset_s));
  differs("levels.metric", words::metric(from), words::metric(to));
  differs("levels.period", words::period(from), words::period(to));
}

void compare_rule(const Rule& a, const Rule& b, const Program& program, Sentences& out) {
  const auto differs = [&](std::string_view what, const std::string& before,
                           const std::string& after) {
    if (before != after) {
      out.push_back(fmt::format("rule {}: {}: {} becomes {}", a.name, what, before, after));
    }
  };
  differs("earns on", std::string{event::name(a.on)}, std::string{event::name(b.on)});
  differs("gives", words::gives(a, program), words::gives(b, program));
  differs("holds for", words::filter(a.filter), words::filter(b.filter));
  differs("the level's multiplier", a.level_multiplier ? "applies" : "does not apply",
          b.level_multiplier ? "applies" : "does not apply");
}

void compare_earning(const Program& from, const Program& to, Sentences& out) {
  for (const Rule& rule : from.rules) {
    if (const Rule* other = named(to.rules, rule.name)) {
      compare_rule(rule, *other, to, out);
    } else {
      out.push_back(fmt::format("rule {} is gone: {} gave {}", rule.name, event::name(rule.on),
                                words::gives(rule, from)));
    }
  }
  for (const Rule& rule : to.rules) {
    if (named(from.rules, rule.name) != nullptr) continue;
    out.push_back(fmt::format("rule {} is new: {} gives {}, for {}", rule.name,
                              event::name(rule.on), words::gives(rule, to),
                              words::filter(rule.filter)));
  }
  if (from.rounding_level != to.rounding_level || from.rounding_mode != to.rounding_mode) {
    out.push_back(fmt::format("points are rounded {} in place of {}", words::rounding(to),
                              words::rounding(from)));
  }
}

std::string grace(const Program& program) {
  if (program.downgrade == program::Downgrade::none) return "no level is ever lost";
  const std::string how =
      program.downgrade == program::Downgrade::one_step ? "one level" : "to what is qualified for";
  return program.grace_days == 0
             ? how + ", at once"
             : fmt::format("{}, after {} days of grace", how, program.grace_days);
}

/// A level that both have.
void compare_level(const Level& a, const Level& b, const Program& from, const Program& to,
                   Sentences& out) {
  if (b.from > a.from) {
    out.push_back(fmt::format(
        "level {}: from {} in place of {}: members of it with less are no longer held ({}), and it "
        "is reached later",
        a.name, words::amount(b.from, to), words::amount(a.from, from), grace(to)));
  } else if (b.from < a.from) {
    out.push_back(fmt::format(
        "level {}: from {} in place of {}: members with as much rise to it on the first day",
        a.name, words::amount(b.from, to), words::amount(a.from, from)));
  }
  if (a.multiplier != b.multiplier) {
    out.push_back(fmt::format("level {}: its members earn {} times the points in place of {}",
                              a.name, words::number(b.multiplier), words::number(a.multiplier)));
  }
}

void compare_levels(const Program& from, const Program& to, Sentences& out) {
  for (std::size_t i = 0; i < from.levels.size(); ++i) {
    const Level& level = from.levels[i];
    if (const Level* other = named(to.levels, level.name)) {
      compare_level(level, *other, from, to, out);
    } else if (i == 0) {
      out.push_back(fmt::format("the lowest level {} is named {}: its members are in that",
                                level.name, to.levels.front().name));
    } else {
      out.push_back(fmt::format(
          "level {} is gone: its members fall to the level that they qualify for, without grace",
          level.name));
    }
  }
  for (std::size_t i = 1; i < to.levels.size(); ++i) {
    const Level& level = to.levels[i];
    if (named(from.levels, level.name) != nullptr) continue;
    out.push_back(fmt::format(
        "level {} is new, from {}, with {} times the points: members of lower levels with as much "
        "rise to it on the first day",
        level.name, words::amount(level.from, to), words::number(level.multiplier)));
  }
  if (from.grace_days != to.grace_days || from.downgrade != to.downgrade) {
    out.push_back(
        fmt::format("who no longer holds a level falls {}, in place of {}; a fall under "
                    "way keeps its day",
                    grace(to), grace(from)));
  }
  if (from.refund_levels != to.refund_levels) {
    out.push_back(to.refund_levels == program::RefundLevels::recheck
                      ? "refunds cost a level that is no longer reached without them"
                      : "refunds no longer cost a level before its period ends");
  }
}

void compare_policies(const Program& from, const Program& to, Sentences& out) {
  if (from.negative_balance != to.negative_balance) {
    out.push_back(to.negative_balance == program::NegativeBalance::debt
                      ? "refunds and corrections may take a balance below zero"
                      : "refunds and corrections take a balance to zero at most, the rest is "
                        "written off");
  }
  const ChurnParameters& a = from.churn;
  const ChurnParameters& b = to.churn;
  if (a.enabled != b.enabled) {
    out.push_back(b.enabled ? "churn risks are raised and cleared"
                            : "churn risks are no longer raised; nobody is at risk from then on");
  }
  const auto model = [](const ChurnParameters& p) {
    return fmt::format("r {}, alpha {}, a {}, b {}", p.r, p.alpha, p.a, p.b);
  };
  const auto differs = [&](std::string_view what, const std::string& before,
                           const std::string& after) {
    if (before != after) {
      out.push_back(fmt::format("churn: {} {} in place of {}", what, after, before));
    }
  };
  differs("the model has", model(a), model(b));
  differs("the score is of", fmt::format("{} days", a.horizon_days),
          fmt::format("{} days", b.horizon_days));
  differs("a risk is raised at", words::share(a.raise_bp), words::share(b.raise_bp));
  differs("a risk is cleared at", words::share(a.clear_bp), words::share(b.clear_bp));
  differs("between two changes lie", fmt::format("{} days", a.dwell_days),
          fmt::format("{} days", b.dwell_days));
  if (from.clock_jump_days_max != to.clock_jump_days_max || from.future_s_max != to.future_s_max) {
    out.push_back("clock: jump_max and future_max stay those of the first generation");
  }
}

void compare_muted(const Program& from, const Program& to, Sentences& out) {
  for (std::size_t i = 0; i < member::notice_type_count; ++i) {
    if (from.muted[i] == to.muted[i]) continue;
    out.push_back(fmt::format("notice {} is {}: no points, level or risk depends on it",
                              member::name(static_cast<member::NoticeType>(i)),
                              to.muted[i] ? "no longer sent" : "sent"));
  }
  if (from.mute_before != to.mute_before) {
    const bool none = to.mute_before == EventTime{};
    out.push_back(none ? "notices of history are sent"
                       : "no notice is sent of what happened before " + to_rfc3339(to.mute_before));
  }
}

}  // namespace

std::vector<std::string> diff_in_words(const Program& from, const Program& to) {
  Sentences out;
  compare_identity(from, to, out);
  compare_earning(from, to, out);
  compare_levels(from, to, out);
  compare_policies(from, to, out);
  compare_muted(from, to, out);
  return out;
}

}  // namespace fealty::config

#include "terminal_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "fealty/base/printable.hpp"
#include "fealty/topologies/members.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

constexpr std::size_t notices_shown = 8;
constexpr std::size_t width_max = 118;

/// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  if (number < 0) digits.insert(0, 1, '-');
  return digits;
}

/// The text behind "key":" in a flat part of a notice that we encoded ourselves.
std::string_view text_of(std::string_view json, std::string_view key) {
  const auto at = json.find(fmt::format("\"{}\":\"", key));
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + key.size() + 4;
  std::size_t end = begin;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return json.substr(begin, std::min(end, json.size()) - begin);
}

/// What fits the width, without half a character at its end.
std::string_view cut(std::string_view line) {
  std::size_t end = std::min(line.size(), width_max);
  while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end);
}

std::uint64_t notices_of(const runtime::Counters& counters, member::NoticeType type) {
  return counters.notices[static_cast<std::size_t>(type)];
}

}  // namespace

TerminalView::TerminalView()
    : terminal_{isatty(STDERR_FILENO) == 1}, begun_{Clock::now()}, rate_at_{begun_} {}

void TerminalView::begin(const program::Program& program,
                         std::vector<std::int64_t> members_by_level) {
  title_ = fmt::format("Fealty, program {} version {}", printable(program.id), program.version);
  for (const program::Level& level : program.levels) {
    level_names_.push_back(printable(level.name));
  }
  level_base_ = std::move(members_by_level);
}

void TerminalView::saw(const ports::OutputBuffer& out) {
  const auto items = out.items();
  std::vector<std::string> found;
  for (auto item = items.rbegin(); item != items.rend() && found.size() < notices_shown; ++item) {
    if (item->stream != topologies::streams::notices) continue;
    const std::string_view json = out.value(*item);
    found.push_back(
        printable(fmt::format("{}  {:<19} {:<10} {}", text_of(json, "time"), text_of(json, "type"),
                              text_of(json, "subject"), text_of(json, "explanation"))));
  }
  for (auto line = found.rbegin(); line != found.rend(); ++line) {
    notices_.push_back(std::move(*line));
  }
  while (notices_.size() > notices_shown) notices_.pop_front();
}

void TerminalView::update(const ReplayProgress& now) {
  now_ = now;
  const auto at = Clock::now();
  const auto since_rate = std::chrono::duration<double>(at - rate_at_).count();
  if (since_rate >= 1.0) {
    const std::uint64_t records = now.counters.records;
    rate_ = static_cast<double>(records - rate_records_) / since_rate;
    rate_records_ = records;
    rate_at_ = at;
  }
  const auto pause = terminal_ ? std::chrono::milliseconds{250} : std::chrono::milliseconds{5000};
  if (at - drawn_ < pause) return;
  drawn_ = at;
  terminal_ ? draw() : draw_line();
}

void TerminalView::finish() {
  if (title_.empty()) return;
  terminal_ ? draw() : draw_line();
}

std::string TerminalView::levels() const {
  std::string text;
  for (std::size_t i = 0; i < level_names_.size(); ++i) {
    const std::int64_t base = i < level_base_.size() ? level_base_[i] : 0;
    text += fmt::format(
        "{}{} {}", text.empty() ? "" : "   ", level_names_[i],
        grouped(base + now_.counters.level_change[std::min(i, runtime::Counters::levels_max - 1)]));
  }
  return text;
}

std::vector<std::string> TerminalView::lines() const {
  using member::NoticeType;
  const runtime::Counters& c = now_.counters;
  std::vector<std::string> text{
      fmt::format("{}   clock {}", title_, to_rfc3339(now_.clock)),
      fmt::format("events   {:>14}   {:>10}/s   duplicates {}   dead letters {}",
                  grouped(static_cast<std::int64_t>(c.records)),
                  grouped(static_cast<std::int64_t>(rate_)),
                  grouped(static_cast<std::int64_t>(c.duplicates)),
                  grouped(static_cast<std::int64_t>(c.deadlettered))),
      fmt::format("members  {}", levels()),
      fmt::format("points   issued {}   redeemed {}   reversed {}", grouped(c.points_issued),
                  grouped(c.points_redeemed), grouped(c.points_reversed)),
      fmt::format("churn    raised {}   cleared {}        levels  up {}   down {}",
                  notices_of(c, NoticeType::churn_raised), notices_of(c, NoticeType::churn_cleared),
                  notices_of(c, NoticeType::tier_upgraded),
                  notices_of(c, NoticeType::tier_downgraded)),
      "last notices",
  };
  for (const std::string& notice : notices_) text.push_back("  " + notice);
  return text;
}

void TerminalView::draw() {
  std::string frame;
  if (lines_drawn_ > 0) frame += fmt::format("\x1b[{}A", lines_drawn_);
  const auto text = lines();
  for (const std::string& line : text) {
    frame += "\x1b[2K";
    frame.append(cut(line));
    frame += '\n';
  }
  lines_drawn_ = std::max(lines_drawn_, text.size());
  std::fwrite(frame.data(), 1, frame.size(), stderr);
  std::fflush(stderr);
}

void TerminalView::draw_line() {
  const runtime::Counters& c = now_.counters;
  say("{} events, {}/s; {}; issued {}, redeemed {}; churn raised {}\n",
      grouped(static_cast<std::int64_t>(c.records)), grouped(static_cast<std::int64_t>(rate_)),
      levels(), grouped(c.points_issued), grouped(c.points_redeemed),
      notices_of(c, member::NoticeType::churn_raised));
}

}  // namespace fealty::cli

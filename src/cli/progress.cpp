#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace fealty::cli {
namespace {

constexpr std::chrono::milliseconds draw_every{100};
constexpr int bar_cells = 24;
constexpr double new_rate_weight = 0.2;  // of the last tenth of a second in the rate shown

/// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

/// "0:07", "12:34", "1:02:03".
std::string clock_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 359'999.0) + 0.5);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

void write_to_terminal(std::string_view text) {
  // A terminal that is gone is no reason to stop.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progress_line(const ProgressView& view) {
  const std::string rate = fmt::format("{} events  {}/s", grouped(view.events),
                                       grouped(static_cast<std::uint64_t>(view.events_per_s)));
  if (view.total_bytes == 0) {
    return fmt::format("  {:.1f} MB  {}  {}", static_cast<double>(view.done_bytes) / 1e6, rate,
                       clock_text(view.elapsed_s));
  }
  const double share =
      std::min(1.0, static_cast<double>(view.done_bytes) / static_cast<double>(view.total_bytes));
  const int full = static_cast<int>(share * bar_cells);
  const std::string eta = share > 0 && share < 1
                              ? "ETA " + clock_text(view.elapsed_s / share * (1 - share))
                              : clock_text(view.elapsed_s);
  return fmt::format(" {:5.1f}% [{:#<{}}{:.<{}}]  {}  {}", share * 100, "", full, "",
                     bar_cells - full, rate, eta);
}

ProgressBar::ProgressBar()
    : shown_{::isatty(STDERR_FILENO) == 1}, begin_{Clock::now()}, drawn_{begin_} {}

ProgressBar::~ProgressBar() {
  if (open_line_) write_to_terminal("\n");
}

void ProgressBar::draw(Clock::time_point now, double events_per_s) {
  view_.elapsed_s = std::chrono::duration<double>(now - begin_).count();
  view_.events_per_s = events_per_s;
  events_drawn_ = view_.events;
  drawn_ = now;
  open_line_ = true;
  write_to_terminal("\r\x1b[K" + progress_line(view_));
}

void ProgressBar::update(std::uint64_t done_bytes, std::uint64_t total_bytes,
                         std::uint64_t events) {
  view_.done_bytes = done_bytes;
  view_.total_bytes = total_bytes;
  view_.events = events;
  if (!shown_) return;
  const auto now = Clock::now();
  if (now - drawn_ < draw_every) return;
  const double passed_s = std::chrono::duration<double>(now - drawn_).count();
  const double rate = static_cast<double>(events - std::min(events, events_drawn_)) / passed_s;
  const bool first = view_.events_per_s == 0;
  draw(now, first ? rate : view_.events_per_s + new_rate_weight * (rate - view_.events_per_s));
}

void ProgressBar::finish() {
  if (!shown_) return;
  const auto now = Clock::now();
  const double passed_s = std::max(1e-3, std::chrono::duration<double>(now - begin_).count());
  draw(now, static_cast<double>(view_.events) / passed_s);
  write_to_terminal("\n");
  open_line_ = false;
}

}  // namespace fealty::cli

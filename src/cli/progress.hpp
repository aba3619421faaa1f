#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fealty::cli {

/// What a progress bar shows at one moment.
struct ProgressView {
  std::uint64_t done_bytes = 0, total_bytes = 0;  // total 0 = not known
  std::uint64_t events = 0;
  double elapsed_s = 0;
  double events_per_s = 0;  // of late
};
/// One line without its end: "  42.0% [####......]  1,234,567 events  812,345/s  ETA 0:12".
std::string progress_line(const ProgressView& view);

/// How far a replay has come, as one line on stderr that is drawn over. Silent where stderr is no
/// terminal. Redrawn at most ten times a second.
/// Threads: one at a time.
class ProgressBar {
 public:
  ProgressBar();
  /// Only the destructor of an unfinished bar ends its line, so that an error starts on a new one.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(std::uint64_t done_bytes, std::uint64_t total_bytes, std::uint64_t events);
  /// Draws the last state with the average rate, and ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now, double events_per_s);

  bool shown_;
  bool open_line_ = false;
  Clock::time_point begin_, drawn_;
  ProgressView view_;
  std::uint64_t events_drawn_ = 0;
};

}  // namespace fealty::cli

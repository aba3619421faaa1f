#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "fealty/ports/output.hpp"
#include "fealty/program/program.hpp"
#include "replay.hpp"

namespace fealty::cli {

/// A live view on stderr: rates, members per level, points, churn, the last notices. On a terminal it is
/// redrawn in place a few times a second; elsewhere one line every few seconds.
/// Threads: one.
class TerminalView {
 public:
  TerminalView();
  void begin(const program::Program& program, std::vector<std::int64_t> members_by_level);
  /// Keeps the last notices among `out`.
  void saw(const ports::OutputBuffer& out);
  void update(const ReplayProgress& now);
  /// The last state stays on the screen.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  void draw_line();
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::string levels() const;

  bool terminal_ = false;
  std::string title_;
  std::vector<std::string> level_names_;
  std::vector<std::int64_t> level_base_;
  std::deque<std::string> notices_;
  ReplayProgress now_;
  Clock::time_point begun_, drawn_{}, rate_at_;
  std::uint64_t rate_records_ = 0;
  double rate_ = 0;  // records per second, lately
  std::size_t lines_drawn_ = 0;
};

}  // namespace fealty::cli

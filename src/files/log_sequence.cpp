#include "log_sequence.hpp"

#include <sys/stat.h>

#include "fealty/base/check.hpp"

namespace fealty::files {
namespace {

std::uint64_t size_of(const std::string& path) {
  struct stat status {};
  if (path == "-" || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

LogSequence::LogSequence(const FileSourceOptions& options, LogList logs)
    : options_{options}, logs_{std::move(logs)} {
  count_total();
}

void LogSequence::seek(std::uint32_t file) {
  check(file <= logs_.paths().size(), "reading begins within the logs");
  reader_.reset();
  opened_.reset();
  final_ = false;
  file_ = file;
  passed_bytes_ = 0;
  for (std::uint32_t i = 0; i < file_; ++i) passed_bytes_ += size_of(logs_.paths()[i]);
  count_progress();
}

int LogSequence::pipe_fd() const {
  return reader_ && !reader_->stream().regular() ? reader_->stream().fd() : -1;
}

InputProgress LogSequence::progress() const { return {done_bytes_, total_bytes_}; }

void LogSequence::count_progress() {
  done_bytes_ = passed_bytes_ + (reader_ ? reader_->stream().raw_bytes() : 0);
}

void LogSequence::count_total() {
  std::uint64_t total = 0;
  for (const std::string& path : logs_.paths()) {
    const std::uint64_t bytes = size_of(path);
    if (path == "-") {
      total = 0;
      break;
    }
    total += bytes;
  }
  total_bytes_ = total;
}

Result<void> LogSequence::open_current() {
  const std::string& path = logs_.paths()[file_];
  auto log = open_log(path, options_.stdin_fd);
  if (!log) return log.error();
  opened_ = log->identity;
  reader_ = std::make_unique<LineReader>(path == "-" ? "stdin" : path, std::move(log->fd),
                                         log->regular, options_.skip_lines, options_.framing);
  return {};
}

/// At the end of the current log: whether to wait for it to go on.
Result<bool> LogSequence::more_may_come() {
  const bool last = file_ + 1 == logs_.paths().size();
  if (!options_.follow || final_ || !last || !reader_->stream().regular()) return false;
  if (auto looked = logs_.look_again(); !looked) return looked.error();
  count_total();
  if (file_ + 1 < logs_.paths().size()) {
    final_ = true;  // but what was written to it before the later one appeared is still to be read
    return true;
  }
  struct stat status {};
  if (::fstat(reader_->stream().fd(), &status) != 0) {
    return errno_error(Errc::input_unreadable, logs_.paths()[file_]);
  }
  if (static_cast<std::uint64_t>(status.st_size) < reader_->stream().raw_bytes()) {
    return path_error(Errc::input_gap, logs_.paths()[file_], "became shorter while it was read");
  }
  return true;
}

Result<Next> LogSequence::end_current(Block& block) {
  if (auto finished = reader_->finish(block); !finished) return finished.error();
  block.file = file_;
  block.file_ended = true;
  block.file_bytes = reader_->stream().raw_bytes();
  passed_bytes_ += block.file_bytes;
  reader_.reset();
  ++file_;
  final_ = false;
  return Next::block;
}

Result<Next> LogSequence::next(Block& block) {
  block.opened.reset();
  block.file_ended = false;
  while (true) {
    if (!reader_) {
      if (file_ == logs_.paths().size() && options_.follow && logs_.grows()) {
        if (auto looked = logs_.look_again(); !looked) return looked.error();
        count_total();
        if (file_ == logs_.paths().size()) return Next::nothing_yet;
      }
      if (file_ == logs_.paths().size()) return Next::ended;
      if (auto opened = open_current(); !opened) return opened.error();
    }
    const auto filled = reader_->fill(block);
    count_progress();
    if (!filled) return filled.error();
    if (*filled == Filled::nothing_yet) return Next::nothing_yet;
    if (*filled == Filled::at_end) {
      const bool seen_final = final_;
      const auto more = more_may_come();
      if (!more) return more.error();
      if (*more && final_ && !seen_final) continue;
      if (*more) return Next::nothing_yet;
      if (auto ended = end_current(block); !ended) return ended;
    }
    block.file = file_ - (block.file_ended ? 1 : 0);
    block.opened = std::exchange(opened_, std::nullopt);
    return Next::block;
  }
}

}  // namespace fealty::files

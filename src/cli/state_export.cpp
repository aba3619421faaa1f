#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <optional>
#include <string>

#include "exit_code.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/files/atomic_file.hpp"
#include "member_view.hpp"
#include "standard_streams.hpp"
#include "state_command.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

/// Lines to a file that is there once it is whole, or to stdout.
class Lines {
 public:
  Result<void> open(const std::string& path) {
    if (path.empty()) return {};
    auto file = files::AtomicFile::create(path, true);
    if (!file) return file.error();
    file_.emplace(std::move(*file));
    return {};
  }
  /// What a line is appended to, without its end.
  std::string& next() { return text_; }
  Result<void> end_line() {
    text_ += '\n';
    return text_.size() < write_bytes ? Result<void>{} : write();
  }
  Result<void> finish() {
    if (auto written = write(); !written) return written;
    if (file_) return file_->commit(true);
    return std::fflush(stdout) == 0 ? Result<void>{} : unwritable();
  }

 private:
  static constexpr std::size_t write_bytes = std::size_t{64} * 1024;
  static Result<void> unwritable() { return Error{Errc::output_unwritable, "stdout"}; }
  Result<void> write() {
    Result<void> written;
    if (file_) {
      written = file_->append(text_);
    } else if (std::fwrite(text_.data(), 1, text_.size(), stdout) != text_.size()) {
      written = unwritable();
    }
    text_.clear();
    return written;
  }
  std::optional<files::AtomicFile> file_;
  std::string text_;
};

}  // namespace

Result<int> export_state(const StateCommandOptions& options) {
  auto state = StoredState::open(options.state);
  if (!state) return state.error();
  for (std::size_t i = 0; i < state->partitions(); ++i) {
    say("{}\n", state->standing(i));
  }
  Lines lines;
  if (auto opened = lines.open(options.out); !opened) return opened.error();
  Result<void> exported;
  if (options.ledger) {
    exported = state->ledger([&](std::string_view member, const member::LedgerEntry& entry) {
      codec::encode_entry(entry, member, lines.next());
      return lines.end_line();
    });
  } else {
    const auto view = MemberView::make(options.state, options.programs, *state);
    if (!view) return view.error();
    exported = state->scan([&](const member::Record& record) {
      lines.next() += (**view)(record, state->clock(record));
      return lines.end_line();
    });
  }
  if (!exported) return exported.error();
  if (auto finished = lines.finish(); !finished) return finished.error();
  return exit_ok;
}

}  // namespace fealty::cli

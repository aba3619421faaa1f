#pragma once

#include <string>
#include <string_view>

#include "fealty/files/framing.hpp"
#include "fealty/files/manifest.hpp"
#include "line_hash.hpp"

namespace fealty::files {

/// Compares a log, as it is read from its beginning, with what an earlier run has read of it.
///
/// Owns:    a copy of what is known. Threads: one at a time.
/// Errors:  wrong_input, naming the file: it has other content, became shorter, or has grown where
///          it must not. Then nothing of it may be used.
class LogVerifier {
 public:
  /// A log begins. `known`: what was read of it, nullptr = nothing; `last_known`: no later log was
  /// read.
  void begin(std::string path, const InputFile* known, bool last_known);
  /// The next line, before it is used: `text` as far as it counts, followed by its '\n' in memory,
  /// by nothing (`ended` = false), or by a rest that does not count (`cut`). Borrowed until
  /// settle(). False: see error().
  [[nodiscard]] bool add(std::string_view text, bool ended, bool cut) {
    if (pending_ && !may_go_on()) return false;
    hash_.add(ended && !cut ? std::string_view{text.data(), text.size() + 1} : text);
    if (ended && cut) hash_.add_end();
    return !pending_ || hash_.records() != known_.records || compare();
  }
  void settle() { hash_.settle(); }
  /// There are no more lines.
  [[nodiscard]] bool end() { return !pending_ || hash_.records() >= known_.records || compare(); }
  [[nodiscard]] Error error() const;
  /// Nothing is left to compare, whatever comes.
  [[nodiscard]] bool done() const { return !pending_; }
  [[nodiscard]] const LineHash& hash() const { return hash_; }

 private:
  enum class Fault : std::uint8_t { none, other_content, shorter, grown, grown_line };
  bool may_go_on();
  bool compare();

  std::string path_;
  InputFile known_;
  bool pending_ = false;  // known_ is not yet fully compared
  bool last_known_ = false;
  LineHash hash_;
  Fault fault_ = Fault::none;
};

/// Reads the log at `path` as far as it is known. Errors: those of LogVerifier, and of reading it.
Result<void> verify_log(const std::string& path, const InputFile& known, bool last_known,
                        std::uint32_t skip_lines, const Framing& framing);

}  // namespace fealty::files

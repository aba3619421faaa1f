#include "log_verifier.hpp"

#include <utility>

#include "line_reader.hpp"
#include "log_list.hpp"
#include "os.hpp"

namespace fealty::files {

void LogVerifier::begin(std::string path, const InputFile* known, bool last_known) {
  path_ = std::move(path);
  known_ = known == nullptr ? InputFile{} : *known;
  last_known_ = last_known;
  fault_ = Fault::none;
  hash_.begin();
  // Of a log that ended nothing may follow, unless it was the last one read.
  pending_ = known != nullptr && (known->records > 0 || (known->ended && !last_known));
}

/// A line follows: all that is known was compared, and more may come only where none was missed.
bool LogVerifier::may_go_on() {
  if (hash_.records() < known_.records) return true;
  if (known_.ended && !last_known_) {
    fault_ = Fault::grown;
    return false;
  }
  pending_ = false;
  return true;
}

bool LogVerifier::compare() {
  hash_.settle();
  if (hash_.records() < known_.records) {
    fault_ = Fault::shorter;
  } else if (hash_.bytes() != known_.read_bytes || hash_.value() != known_.read_hash) {
    fault_ = known_.unterminated && hash_.bytes() > known_.read_bytes ? Fault::grown_line
                                                                      : Fault::other_content;
  }
  if (fault_ != Fault::none) return false;
  if (!known_.ended || last_known_) pending_ = false;
  return true;
}

Error LogVerifier::error() const {
  const std::string was = known_.path == path_ ? "" : " (then " + known_.path + ")";
  switch (fault_) {
    case Fault::shorter:
      return path_error(Errc::wrong_input, path_,
                        "holds " + std::to_string(hash_.records()) + " records, but " +
                            std::to_string(known_.records) + " were read from it before" + was);
    case Fault::grown:
      return path_error(Errc::wrong_input, path_,
                        "has grown, but later logs were read already" + was);
    case Fault::grown_line:
      return path_error(Errc::wrong_input, path_,
                        "has other content than when it was read before, or its last line has "
                        "grown, which was read already without its end" +
                            was);
    default:
      return path_error(Errc::wrong_input, path_,
                        "has other content than when it was read before" + was);
  }
}

Result<void> verify_log(const std::string& path, const InputFile& known, bool last_known,
                        std::uint32_t skip_lines, const Framing& framing) {
  auto log = open_log(path, -1);
  if (!log) return log.error();
  LogVerifier verifier;
  verifier.begin(path, &known, last_known);
  LineReader reader{path, std::move(log->fd), log->regular, skip_lines, framing};
  Block block;
  for (bool more = true; more && !verifier.done();) {
    const auto filled = reader.fill(block);
    if (!filled) return filled.error();
    more = *filled == Filled::lines;
    if (!more) {
      if (auto finished = reader.finish(block); !finished) return finished;
    }
    const char* const text = block.buffer.data();
    for (std::size_t at = block.begin; at < block.end && !verifier.done();) {
      const BlockLine line = line_at(block, at);
      if (!verifier.add({text + at, line.size}, line.ended, line.cut)) return verifier.error();
      at = line.next;
    }
    verifier.settle();
  }
  return verifier.end() ? Result<void>{} : verifier.error();
}

}  // namespace fealty::files

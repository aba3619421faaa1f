#include "fealty/runtime/timeline_note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace fealty::runtime {
namespace {

/// Takes words off the front of a text.
class Words {
 public:
  explicit Words(std::string_view text) : text_{text} {}
  std::string_view next() {
    const std::size_t end = std::min(text_.find(' '), text_.size());
    const std::string_view word = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return word;
  }
  template <class T>
  bool number(T& out, int base = 10) {
    const std::string_view word = next();
    const auto [at, failed] = std::from_chars(word.data(), word.data() + word.size(), out, base);
    return failed == std::errc{} && at == word.data() + word.size();
  }

 private:
  std::string_view text_;
};

}  // namespace

std::string to_text(const TimelineNote& note) {
  switch (note.kind) {
    case TimelineNote::Kind::opened:
      return fmt::format("opened {}{}", note.position, note.fresh ? " fresh" : "");
    case TimelineNote::Kind::advance:
      return fmt::format("advance {} {}", note.position, note.time.time_since_epoch().count());
    case TimelineNote::Kind::refused:
      return fmt::format("refused {}", note.position);
    case TimelineNote::Kind::generation:
      break;
  }
  const ports::Generation& one = note.generation;
  return fmt::format("generation {} {:x} {} {}", one.version, one.fingerprint, one.valid_from,
                     one.adopted_at);
}

std::optional<TimelineNote> timeline_note(std::string_view text) {
  Words words{text};
  TimelineNote note;
  const std::string_view kind = words.next();
  bool good = false;
  if (kind == "opened") {
    note.kind = TimelineNote::Kind::opened;
    good = words.number(note.position);
    note.fresh = words.next() == "fresh";
  } else if (kind == "advance") {
    note.kind = TimelineNote::Kind::advance;
    std::int64_t ms = 0;
    good = words.number(note.position) && words.number(ms);
    note.time = EventTime{std::chrono::milliseconds{ms}};
  } else if (kind == "refused") {
    note.kind = TimelineNote::Kind::refused;
    good = words.number(note.position);
  } else if (kind == "generation") {
    note.kind = TimelineNote::Kind::generation;
    ports::Generation& one = note.generation;
    good = words.number(one.version) && words.number(one.fingerprint, 16) &&
           words.number(one.valid_from) && words.number(one.adopted_at);
    note.position = one.adopted_at;
  }
  return good ? std::optional{note} : std::nullopt;
}

}  // namespace fealty::runtime

#include "shapes.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "fealty/codec/decoder.hpp"
#include "quote.hpp"

namespace fealty::codec {
namespace {

constexpr std::size_t word = sizeof(std::uint64_t);
static_assert(padding_bytes >= word && std::endian::native == std::endian::little);

std::uint64_t load(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, word);
  return bytes;
}

/// Where nothing is known of most records, one in so many is looked up all the same.
constexpr std::size_t hopeless = 32, hopeless_tries = 64;
/// A full tree is forgotten after so many misses; each time it did not help, later.
constexpr std::size_t forget_least = 4096, forget_most = std::size_t{1} << 20U;

bool in_number(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

/// The scalar at `at` without what is behind it, which moves `at` to its end.
bool scan(const char*& at, const char* end, Token& scalar, bool& ascii) {
  const char* const begin = at;
  switch (*begin) {
    case '"': {
      const char* const quote = closing_quote(begin + 1, end, ascii);
      if (quote == nullptr) return false;
      scalar = {begin + 1, static_cast<std::uint32_t>(quote - begin - 1), Token::Kind::string};
      at = quote + 1;
      return true;
    }
    case 't':
    case 'n':
      at = begin + 4;
      break;
    case 'f':
      at = begin + 5;
      break;
    default:
      while (at != end && in_number(*at)) ++at;
  }
  return at <= end && at != begin &&
         classify({begin, static_cast<std::size_t>(at - begin)}, false, scalar);
}

}  // namespace

Shapes::Shapes(Captured& captured)
    : captured_{captured}, trace_{captured}, forget_after_{forget_least} {
  steps_.reserve(steps_max);
  notes_.reserve(steps_max);
  texts_.reserve(text_bytes_max);
  forget();
}

void Shapes::forget() {
  steps_.assign(1, Step{});
  notes_.clear();
  texts_.clear();
  full_ = false;
  missed_full_ = 0;
}

bool Shapes::is(const Step& step, const char* at, const char* end) const {
  const auto left = static_cast<std::size_t>(end - at);
  if (step.last ? step.size != left : step.size >= left) return false;
  const char* text = texts_.data() + step.text;
  std::size_t size = step.size;
  for (; size >= word; size -= word, at += word, text += word) {
    if (load(at) != load(text)) return false;
  }
  const std::uint64_t mask = (std::uint64_t{1} << (8 * size)) - 1;
  return ((load(at) ^ load(text)) & mask) == 0;
}

/// Among `step` and its siblings. Where the text of one begins with that of another, the longer one
/// is right: no scalar begins as a container does.
Shapes::Index Shapes::find(Index step, const char* at, const char* end) const {
  while (step != none && !is(steps_[step], at, end)) step = steps_[step].next;
  return step;
}

bool Shapes::missed() {
  ++missed_in_a_row_;
  if (full_ && ++missed_full_ > forget_after_) {
    forget_after_ = std::min(2 * forget_after_, forget_most);
    forget();
  }
  return false;
}

bool Shapes::capture(std::string_view record) {
  if (missed_in_a_row_ > hopeless && missed_in_a_row_ % hopeless_tries != 0) return missed();
  const char* at = record.data();
  const char* const end = at + record.size();
  bool ascii = true;
  std::size_t count = 0;
  for (Index step = 0;; ++count) {
    step = find(steps_[step].first, at, end);
    if (step == none) return missed();
    const Step& found = steps_[step];
    Match& match = matches_[count];
    match.step = step;
    match.at = at;
    at += found.size;
    if (found.last) break;
    if (!scan(at, end, match.scalar, ascii)) return missed();
  }
  if (!ascii && !simdjson::validate_utf8(record.data(), record.size())) return missed();
  missed_in_a_row_ = 0;
  apply(count);
  return true;
}

/// The `count` scalars of a record, and what lies in the text between them.
void Shapes::apply(std::size_t count) {
  captured_.escapes = false;
  const auto token_at = [&](const Place& place) -> Token& {
    if (place.line_set == Place::in_slots) return captured_.slots[place.slot];
    LineRows& rows = captured_.lines[static_cast<std::size_t>(place.line_set)];
    return rows.tokens[place.row * rows.slots + place.slot];
  };
  for (std::size_t i = 0; i <= count; ++i) {
    const Match& match = matches_[i];
    const Step& step = steps_[match.step];
    for (std::size_t k = step.note; k < std::size_t{step.note} + step.notes; ++k) {
      const Note& note = notes_[k];
      const char* const at = match.at + note.at;
      if (note.what == Trace::What::row) {
        captured_.lines[static_cast<std::size_t>(note.place.line_set)].add_row();
      } else if (note.what == Trace::What::container) {
        token_at(note.place) = {at, 0, Token::Kind::container};
      } else {
        Token& token = token_at(note.place);
        token.size = static_cast<std::uint32_t>(at - token.data);
      }
    }
    if (!step.last && step.place.line_set != Place::nowhere) token_at(step.place) = match.scalar;
  }
}

Trace* Shapes::begin_learning() {
  if (full_) return nullptr;
  trace_.clear();
  return &trace_;
}

void Shapes::learn(std::string_view record) {
  const auto& items = trace_.items();
  const auto scalars =
      static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto& item) {
        return item.what == Trace::What::scalar;
      }));
  if (!trace_.complete() || scalars > scalars_max) return;
  full_ = steps_.size() + scalars + 1 > steps_max || notes_.size() + items.size() > steps_max ||
          texts_.size() + record.size() + (scalars + 1) * word > text_bytes_max;
  if (full_) return;
  const char* from = record.data();
  const char* const end = from + record.size();
  Index step = 0;
  std::size_t noted = 0;  // items before it are those of earlier texts
  for (std::size_t i = 0; i <= items.size(); ++i) {
    const bool last = i == items.size();
    if (!last && items[i].what != Trace::What::scalar) continue;
    Trace::Item item = last ? Trace::Item{} : items[i];
    if (last) item.begin = item.end = end;
    const std::string_view text{from, static_cast<std::size_t>(item.begin - from)};
    Index known = none;
    std::size_t siblings = 0;
    for (Index at = steps_[step].first; at != none; at = steps_[at].next, ++siblings) {
      const Step& one = steps_[at];
      const bool same =
          one.last == last && text == std::string_view{texts_.data() + one.text, one.size};
      if (same) known = at;
    }
    if (known == none) {
      full_ = siblings == siblings_max;
      if (full_ || text.size() > text_max) return;
      known = add(step, text, item);
      steps_[known].last = last;
      for (std::size_t k = noted; k < i; ++k) {
        const char* const at = items[k].what == Trace::What::raw ? items[k].end : items[k].begin;
        notes_.push_back({items[k].what, static_cast<std::uint16_t>(at - from), items[k].place});
      }
      steps_[known].notes = static_cast<std::uint16_t>(i - noted);
    }
    step = known;
    from = item.end;
    noted = i + 1;
  }
}

/// A step behind `parent`, before the first of its siblings with a shorter text.
Shapes::Index Shapes::add(Index parent, std::string_view text, const Trace::Item& item) {
  const auto index = static_cast<Index>(steps_.size());
  Step& step = steps_.emplace_back();
  step.text = static_cast<std::uint32_t>(texts_.size());
  step.size = static_cast<std::uint16_t>(text.size());
  step.note = static_cast<std::uint16_t>(notes_.size());
  step.place = item.place;
  texts_.insert(texts_.end(), text.begin(), text.end());
  texts_.resize((texts_.size() + word) / word * word);  // Whole words, and one to read behind.
  Index* link = &steps_[parent].first;
  while (*link != none && steps_[*link].size >= step.size) link = &steps_[*link].next;
  step.next = *link;
  *link = index;
  return index;
}

}  // namespace fealty::codec

#include "fealty/runtime/timeline.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::runtime {
namespace {

constexpr std::string_view turn_head = "turn ";

}  // namespace

std::string to_note(const CommittedTo& committed) {
  if (!committed.turn) return {};
  std::string note{turn_head};
  note += std::to_string(committed.turn->day);
  note += ' ';
  note += committed.turn->member;
  check(note.size() <= ports::note_bytes_max, "decode bounds a member's id");
  return note;
}

CommittedTo from_note(ports::Offset offset, std::string_view note) {
  CommittedTo out{offset, std::nullopt};
  if (!note.starts_with(turn_head)) return out;
  ports::DuePlace place;
  const char* const end = note.data() + note.size();
  const auto [at, failed] = std::from_chars(note.data() + turn_head.size(), end, place.day);
  if (failed != std::errc{} || at == end || *at != ' ') return out;
  place.member.assign(at + 1, end);
  out.turn = std::move(place);
  return out;
}

void Timeline::begin(const ports::Checkpoint& checkpoint) {
  next_ = checkpoint.recover_from;
  clock_.restore(checkpoint.clock);
  advances_ = checkpoint.advances;
  made_ = 0;
  refused_ = checkpoint.refused;
  recorded_ = {checkpoint.recorded_to, checkpoint.recorded_clock};
  turned_to_ = checkpoint.turned_to;
  generations_ = checkpoint.generations;
  notes_ = {{.kind = TimelineNote::Kind::opened, .position = committed_.offset}};
  set_today();
}

void Timeline::begin(ports::Offset start) {
  next_ = start;
  notes_ = {{.kind = TimelineNote::Kind::opened, .position = start, .fresh = true}};
}

void Timeline::adopt(ports::Generation generation) {
  check(generations_.empty() || generations_.back().version < generation.version,
        "generations are adopted in order");
  generation.adopted_at = next_;
  notes_.push_back(
      {.kind = TimelineNote::Kind::generation, .position = next_, .generation = generation});
  generations_.push_back(generation);
}

bool Timeline::refused(ports::Offset offset, bool behind) {
  if (recorded_) return std::binary_search(refused_.begin(), refused_.end(), offset);
  if (!behind) return false;
  refused_.push_back(offset);
  notes_.push_back({.kind = TimelineNote::Kind::refused, .position = offset});
  return true;
}

bool Timeline::set_today() {
  const Day before = today_;
  if (clock_.started()) today_ = day_of_(clock_.now());
  return today_ != before;
}

bool Timeline::repeat(ports::Offset offset) {
  while (made_ < advances_.size() && advances_[made_].position <= offset) {
    next_ = std::max(next_, advances_[made_].position);
    clock_.move(advances_[made_++].time);
    if (set_today()) return true;
  }
  if (recorded_ && offset >= recorded_->to) {
    clock_.restore(recorded_->clock);
    recorded_.reset();
    return set_today();
  }
  return false;
}

/// Only where the checkpoint says that the record at `offset` moved the clock: what its member is
/// due for is seen as it was then.
void Timeline::repeat_behind(ports::Offset offset, EventTime time) {
  const ports::Advance made{offset + 1, time};
  if (made_ == advances_.size() || advances_[made_] != made) return;
  clock_.move(time);
  ++made_;
  new_day_ = set_today();
}

void Timeline::accepted(ports::Offset offset, EventTime time) {
  if (recorded_) return repeat_behind(offset, time);
  clock_.accepted(time);
  note_new_day(offset);
}

void Timeline::advanced(ports::Offset offset, EventTime time) {
  if (recorded_) return repeat_behind(offset, time);
  if (time <= clock_.now()) return;  // Two logs overlap.
  clock_.move(time);
  note_new_day(offset);
}

void Timeline::note_new_day(ports::Offset offset) {
  if (!set_today()) return;
  advances_.push_back({offset + 1, clock_.now()});
  ++made_;
  new_day_ = true;
}

bool Timeline::passed(ports::Offset offset) {
  check(offset >= next_, "a timeline goes forward");
  next_ = offset + 1;
  before_record_.reset();
  return std::exchange(new_day_, false);
}

void Timeline::passed_within_today(ports::Offset last, std::optional<EventTime> latest) {
  check(quiet() && last >= next_, "records of a day pass where nothing else is under way");
  if (latest) clock_.accepted(*latest);
  next_ = last + 1;
}

void Timeline::tick(EventTime time) {
  check(!recovering_ && !turn_, "only a live clock between two turns is moved by hand");
  clock_.move(time);
  check(set_today(), "a tick brings another day");
  advances_.push_back({next_, time});
  notes_.push_back({.kind = TimelineNote::Kind::advance, .position = next_, .time = time});
  ++made_;
}

bool Timeline::silent(const ports::DuePlace& place) const {
  if (next_ != committed_.offset) return next_ < committed_.offset;
  // Of several turns at this position, all were worked off but the last.
  return recovering_ && (!committed_.turn || advance_left() || place <= *committed_.turn);
}

void Timeline::settle() {
  if (!recovering_ || next_ < committed_.offset) return;
  if (!advance_left() && !turn_) recovering_ = false;
}

bool Timeline::advance_left() const {
  return made_ < advances_.size() && advances_[made_].position <= next_;
}

CommittedTo Timeline::worked_off() const {
  if (recovering_ && !behind_note()) return committed_;
  return {std::max(next_, committed_.offset), turn_};
}

bool Timeline::behind_note() const {
  return next_ == committed_.offset && committed_.turn && turn_ && !advance_left() &&
         *committed_.turn < *turn_;
}

void Timeline::fill(const Moment& moment, ports::Checkpoint& checkpoint) {
  checkpoint.recover_from = moment.position;
  checkpoint.clock = moment.clock;
  checkpoint.advances.assign(advances_.begin() + static_cast<std::ptrdiff_t>(moment.advances),
                             advances_.end());
  refused_.erase(refused_.begin(),
                 std::lower_bound(refused_.begin(), refused_.end(), moment.position));
  checkpoint.refused = refused_;
  checkpoint.turned_to = moment.turned_to;
  checkpoint.generations = generations_;
  const Recorded now = recorded_.value_or(Recorded{next_, clock_.state()});
  checkpoint.recorded_to = std::max(next_, now.to);
  checkpoint.recorded_clock = now.clock;
}

}  // namespace fealty::runtime

// Members: records of one day, applied side by side.
#include <algorithm>

#include "fealty/runtime/members.hpp"

namespace fealty::runtime {
namespace {

/// Fewer than these are done before the others were awake.
constexpr std::size_t worth_waking = 128;

}  // namespace

/// A stretch: records in a row, none of which brings a new day or is judged by anything but the
/// day, whatever becomes of those before it. They meet nowhere but in their member, so each lane
/// may apply its own; their outputs are then put in the order of the records. Returns how many: 0
/// where the next one belongs to none. A stretch and turns of the clock take turns.
Result<std::size_t> Members::apply_stretch(DecodedBatch& batch, ports::OutputBuffer& out) {
  share_out(batch);
  if (order_.empty()) return std::size_t{0};
  const auto work = [this](std::size_t lane) { runtime::apply_stretch(*lanes_[lane]); };
  if (order_.size() >= worth_waking) {
    team_->run(work);
  } else {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) work(lane);
  }
  std::optional<EventTime> latest;
  for (const auto& lane : lanes_) {
    if (!lane->stretch.outcome) return lane->stretch.outcome.error();
    latest = std::max(latest, lane->stretch.latest);
  }
  put_in_order(out);
  batch.at += order_.size();
  TimelineGroup& group = *groups_.front();
  group.touched = true;
  group.last_record = now_.steady;
  group.timeline->passed_within_today(batch.records[batch.at - 1].raw->offset, latest);
  return order_.size();
}

/// The records of the stretch, to their lanes.
void Members::share_out(const DecodedBatch& batch) {
  for (const auto& lane : lanes_) lane->stretch.clear();
  order_.clear();
  Timeline& timeline = *groups_.front()->timeline;
  ports::Offset next = timeline.next();
  EventTime today_at_least_to = timeline.now();
  for (std::size_t i = batch.at; i < batch.records.size(); ++i) {
    prefetch_ahead(batch.records, i);
    DecodedRecord& record = batch.records[i];
    const ports::InputRecord& raw = *record.raw;
    Found found = name_member(record);
    if (found.held.partition == nullptr || raw.offset < next) return;
    if (raw.recorded != nullptr && raw.recorded->advance) return;
    if (record.decoded) {
      if (by_this_machine(raw)) return;
      const EventTime time = record.event.time;
      if (time > today_at_least_to) {
        if (!timeline.within_today(time)) return;
        today_at_least_to = time;
      }
      found.untimely = in_future(raw, record.event, timeline);
    }
    next = raw.offset + 1;
    order_.push_back(lane_number(found.held.partition->number()));
    found.held.lane->stretch.run.push_back(found);
  }
}

/// What the lanes have written, record by record.
void Members::put_in_order(ports::OutputBuffer& out) {
  struct Reached {
    std::size_t records = 0, items = 0;
  };
  std::vector<Reached> reached(lanes_.size());
  for (const std::uint32_t number : order_) {
    const Lane::Stretch& stretch = lanes_[number]->stretch;
    Reached& at = reached[number];
    const std::size_t end = stretch.ends[at.records++];
    if (end > at.items) out.append(stretch.out, at.items, end);
    at.items = end;
  }
}

}  // namespace fealty::runtime

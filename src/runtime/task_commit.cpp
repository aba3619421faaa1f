// The second half of Task: timers at the end of a batch, and what a commit saves.
#include <algorithm>
#include <array>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/runtime/task.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t due_page = 1024;
constexpr std::size_t saved_together = 32;

}  // namespace

Result<void> Task::end_batch(ports::Offset next, const ports::ClockState& clock, bool silent,
                             ports::OutputBuffer& out) {
  check(next >= at_.applied, "a task goes forward");
  check(!silent || next <= at_.committed, "only a recovery is silent");
  emitting_ = !silent;
  position_ = next == 0 ? 0 : next - 1;  // Timers stand behind the record that brought the day.
  const Day today = topology_.day(clock.now);
  if (auto fired = fire_timers(today, clock.now, out); !fired) return fired.error();
  count_log();
  at_.applied = next;
  clock_ = clock;
  ++batch_number_;
  return {};
}

/// In the order of their ids: the same whether a member was in memory, in the store or recovered.
Result<void> Task::fire_timers(Day today, EventTime clock, ports::OutputBuffer& out) {
  due_.clear();
  due_in_memory(today);
  if (today > fired_to_) {
    if (store_has_more()) {
      if (auto read = due_in_store(today); !read) return read.error();
    }
    fired_to_ = today;
  }
  std::sort(due_.begin(), due_.end(), [&](Slot a, Slot b) {
    return cache_.member(a).record.id < cache_.member(b).record.id;
  });
  due_.erase(std::unique(due_.begin(), due_.end()), due_.end());
  for (const Slot slot : due_) {
    CachedMember& member = cache_.member(slot);
    announce(slot, member, clock, out);
    cache_.recount(member);
  }
  return {};
}

void Task::due_in_memory(Day today) {
  while (!timers_.empty() && timers_.begin()->first <= today) {
    for (const auto& [slot, generation] : timers_.begin()->second) {
      CachedMember& member = cache_.member(slot);
      if (member.live == 0 || member.generation != generation) continue;
      if (member.timer_due <= today) member.timer_due = no_day;
      if (member.record.due() <= today) due_.push_back(slot);
    }
    timers_.erase(timers_.begin());
  }
}

Result<void> Task::due_in_store(Day today) {
  std::string cursor;
  std::vector<std::string> ids;
  bool more = true;
  while (more) {
    ids.clear();
    const auto read = store_.due(fired_to_, today, due_page, cursor, ids);
    if (!read) return read.error();
    more = *read;
    missing_.clear();
    const std::size_t first = due_.size();
    for (const std::string& id : ids) {
      const std::uint64_t key = MemberCache::key_of(hash64(id), partition_);
      Slot slot = cache_.find(key, partition_, id);
      if (slot == no_slot) {
        slot = cache_.insert(key, partition_, id);
        missing_.push_back(slot);
      }
      due_.push_back(slot);
    }
    if (!missing_.empty()) {
      if (auto loaded = load_missing(); !loaded) return loaded.error();
    }
    // The index may name a member whose day has moved since.
    due_.erase(std::remove_if(due_.begin() + static_cast<std::ptrdiff_t>(first), due_.end(),
                              [&](Slot slot) { return cache_.member(slot).record.due() > today; }),
               due_.end());
  }
  return {};
}

void Task::register_timer(Slot slot, CachedMember& member) {
  const Day due = member.record.due();
  if (due == no_day || due == member.timer_due) return;
  member.timer_due = due;
  timers_[due].emplace_back(slot, std::uint32_t{member.generation});
}

void Task::prepare_commit(Save which, std::chrono::steady_clock::time_point now,
                          ports::OutputBuffer& out) {
  check(saving_.empty() && saved_.empty(), "one commit at a time");
  save_members(which, now, out);
  update_recover_from();
  preparing_to_ = std::max(at_.applied, at_.committed);
  preparing_counters_ = counters_;
  if (saving_.empty() && preparing_from_ == checkpoint_written_ && ticks_.empty()) return;
  store_.encode(checkpoint(), saved_);
  checkpoint_written_ = preparing_from_;
  if (!options_.changelog) return;
  for (const auto& item : saved_.items) {
    out.add(ports::Stream::changelog, partition_, saved_.key(item), saved_.value(item));
  }
}

/// Saves members as long as they are due and the batch has room, some at a time: what each has not
/// saved lies all over the log, and many chains are followed faster side by side than in turn. Only
/// as many as fit, going by those before them: the busiest, whose histories are large, come first.
void Task::save_members(Save which, std::chrono::steady_clock::time_point now,
                        ports::OutputBuffer& out) {
  const std::size_t left = which == Save::all ? 0 : queue_.size() / 2;
  std::array<Slot, saved_together> due{};
  std::size_t largest = options_.save_bytes_max;  // of the members just saved; unknown yet
  while (saved_.bytes() < options_.save_bytes_max) {
    const std::size_t room = options_.save_bytes_max - saved_.bytes();
    const std::size_t fit = std::clamp<std::size_t>(room / largest, 1, due.size());
    std::size_t count = 0;
    while (count < fit && !queue_.empty() &&
           (front_is_old(now) || (which != Save::due && queue_.size() > left))) {
      if (queue_.size() > due.size()) {
        cache_.prefetch_member(queue_[due.size()], sizeof(CachedMember));
      }
      due.at(count++) = queue_.front();
      queue_.pop_front();
    }
    if (count == 0) return;
    gather_histories(std::span{due}.first(count));
    largest = 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t before = saved_.bytes();
      save_member(due.at(i), chains_[2 * i].items, chains_[2 * i + 1].items, out);
      largest = std::max(largest, saved_.bytes() - before);
    }
  }
}

/// Whether the oldest unsaved change lies further back than the checkpoint distance.
bool Task::front_is_old(std::chrono::steady_clock::time_point now) {
  const BatchMark& mark = mark_of_front();
  return at_.applied - mark.start > options_.checkpoint_distance_events ||
         now - mark.opened > options_.checkpoint_distance;
}

/// The batch of the oldest unsaved change; forgets those before it.
const Task::BatchMark& Task::mark_of_front() {
  const std::uint64_t number = cache_.member(queue_.front()).first_unsaved;
  while (marks_.front().number < number) marks_.pop_front();
  return marks_.front();
}

/// chains_[2 * i] = the unsaved entries of slots[i], the one behind it its orders.
void Task::gather_histories(std::span<const Slot> slots) {
  chains_.resize(2 * saved_together);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const CachedMember& member = cache_.member(slots[i]);
    chains_[2 * i].next = member.unsaved_entries;
    chains_[2 * i + 1].next = member.unsaved_orders;
    chains_[2 * i].items.clear();
    chains_[2 * i + 1].items.clear();
  }
  log_.follow(std::span{chains_}.first(2 * slots.size()), saving_history_);
}

/// Encodes a member. From here on it may change again: what it is saved with is set apart.
void Task::save_member(Slot slot, std::span<const std::string_view> entries,
                       std::span<const std::string_view> orders, ports::OutputBuffer& out) {
  CachedMember& member = cache_.member(slot);
  history_.assign(entries.rbegin(), entries.rend());
  history_.insert(history_.end(), orders.rbegin(), orders.rend());
  const ports::SaveItem item{&member.record, history_, member.stored_due};
  store_.encode({&item, 1}, at_.applied, saved_);
  if (options_.member_snapshots) {
    topology_.encode_member(member.record, clock_.now,
                            out.start(ports::Stream::members, partition_, member.record.id));
    out.finish();
  }
  member.unsaved_entries = HistoryLog::none;
  saving_.push_back({slot, std::exchange(member.unsaved_orders, HistoryLog::none)});
  member.in_flight = static_cast<std::uint32_t>(saving_.size());
  member.first_unsaved = 0;
  member.record.as_of = at_.applied;
  member.stored_due = member.record.due();
}

void Task::update_recover_from() {
  if (queue_.empty()) {
    marks_.clear();
    preparing_from_ = at_.applied;
    recover_clock_ = clock_;
  } else {
    const BatchMark& mark = mark_of_front();
    preparing_from_ = mark.start;
    recover_clock_ = mark.clock;
  }
  std::erase_if(ticks_, [&](const ports::Tick& tick) { return tick.position < preparing_from_; });
  // All is saved: the clock that is saved with it holds these ticks.
  if (queue_.empty()) ticks_.clear();
}

ports::Checkpoint Task::checkpoint() const {
  return {.recover_from = preparing_from_,
          .committed = preparing_to_,
          .clock = recover_clock_,
          .ticks = ticks_,
          .program_id = options_.program_id,
          .program_version = options_.program_version,
          .program_fingerprint = options_.program_fingerprint,
          .core_revision = topology_.core_revision,
          .changelog_position = 0};
}

/// What the log holds counts for the bound of all members.
void Task::count_log() {
  cache_.hold(log_bytes_held_, log_.bytes());
  log_bytes_held_ = log_.bytes();
}

ports::CommitPosition Task::commit_position() const {
  return {.partition = partition_,
          .committed = preparing_to_,
          .recover_from = preparing_from_,
          .changelog_position = 0};
}

Result<void> Task::commit_done(const ports::CommitPosition& position) {
  check(position.committed == preparing_to_, "the commit in flight is the one prepared last");
  at_.committed = position.committed;
  at_.recover_from = position.recover_from;
  committed_counters_ = preparing_counters_;
  if (saved_.empty()) return {};
  saved_.changelog_position = position.changelog_position;
  if (auto kept = store_.save(saved_); !kept) return kept.error();
  for (const Saving& saving : saving_) cache_.member(saving.slot).in_flight = 0;
  log_.release(saving_history_);
  saving_history_.clear();
  count_log();
  saving_.clear();
  saved_.clear();
  return {};
}

}  // namespace fealty::runtime

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/timeline.hpp"

namespace fealty::runtime {

/// What a partition's store holds: members that are due on some day, and nothing else of them.
struct Shelf {
  std::map<std::string, member::Record> members;  // by id
  std::set<ports::DuePlace> due;                  // as the index has them
  std::optional<ports::Checkpoint> checkpoint;
  std::vector<std::uint64_t> restored_to;  // what each record was kept with
  std::atomic<int> restores_ended = 0;
  std::function<void()> at_restored{};  // on the thread that ends one

  void put(const std::string& id, Day day, ports::Offset as_of = 0) {
    member::Record& record = members[id];
    record.id = id;
    record.level.check = day;
    record.last_day = 0;
    record.as_of = as_of;
    due.insert({day, id});
  }
};

/// A store over a shelf. What is encoded is a member's id, or a checkpoint's recover_from.
class ShelfStore final : public ports::MemberStore {
 public:
  explicit ShelfStore(Shelf& shelf) : shelf_{shelf} {}

  Result<std::optional<ports::Checkpoint>> checkpoint() override { return shelf_.checkpoint; }
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto at = shelf_.members.find(std::string{members[i]});
      if (at != shelf_.members.end()) *out[i] = at->second;
    }
    return {};
  }
  Result<void> find_rows(std::string_view, std::span<member::FoundRow* const>) override {
    return {};
  }
  void encode(const member::LedgerEntry&, std::string& out) override { out += "entry"; }
  Result<void> decode(std::string_view, member::LedgerEntry&) override { return {}; }
  void encode(const member::RowChange&, const member::Effects&, std::string& out) override {
    out += "change";
  }
  void encode(const member::RowKey&, std::string& out) override { out += "key"; }
  Result<void> decode(std::string_view, member::FoundRow&) override { return {}; }
  void encode(std::span<const ports::SaveItem> items, ports::Offset,
              ports::SavedBatch& batch) override {
    for (const auto& item : items) put("m", item.record->id, batch);
  }
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override {
    put("c", std::to_string(checkpoint.recover_from), batch);
  }
  void to_changelog(const ports::SavedBatch& batch, ports::Stream stream, std::uint32_t partition,
                    ports::OutputBuffer& out) override {
    for (const auto& item : batch.items) {
      out.add(stream, partition, batch.key(item), batch.value(item));
    }
  }
  Result<void> restore(std::string_view, std::string_view, std::uint64_t position) override {
    shelf_.restored_to.push_back(position);
    return {};
  }
  Result<void> restored(std::uint64_t) override {
    ++shelf_.restores_ended;
    if (shelf_.at_restored) shelf_.at_restored();
    return {};
  }
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override {
    std::size_t taken = 0;
    for (auto at = shelf_.due.upper_bound(after); at != shelf_.due.end(); ++at) {
      if (at->day > until) return false;
      if (taken++ == limit) return true;
      out.push_back(*at);
    }
    return false;
  }
  Result<void> scan(const std::function<Result<void>(const member::Record&)>&) override {
    return {};
  }
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override {
    out.clear();
    auto at = shelf_.members.upper_bound(std::string{after});
    for (; at != shelf_.members.end() && out.size() < limit; ++at) out.push_back(at->second);
    return {};
  }
  Result<void> history(std::string_view, std::uint64_t, std::size_t,
                       const std::function<void(const member::LedgerEntry&)>&) override {
    return {};
  }
  bool empty() override { return shelf_.members.empty(); }

 private:
  static void put(std::string_view key, std::string_view value, ports::SavedBatch& batch) {
    batch.begin_item(key.size() + value.size()).append(key);
    batch.key_done();
    batch.blocks[batch.blocks_used - 1].append(value);
    batch.item_done();
  }
  Shelf& shelf_;
};

/// A source that is never asked for anything but a record's name.
class NoSource final : public ports::Source {
 public:
  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t, ports::Offset) override { return {}; }
  Result<ports::Polled> poll(ports::InputBatch&, std::size_t, std::chrono::milliseconds) override {
    return ports::Polled::ended;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] bool reachable() const override { return !away; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }
  bool away = false;
};

/// What partitions share. Members are due on the day of their level's fall; announcing it is one
/// notice, "<day> <member>", and then they are not due any more.
struct Shared {
  MembersOptions options;
  Topology topology;
  NoSource source;
  MemberCache cache{std::size_t{64} << 20U};
  HistoryLog log{[this](std::size_t before, std::size_t now) { cache.hold(before, now); }};
  std::vector<ports::Generation> generations;
  MembersContext context{topology, options, options.flush, source,
                         cache,    log,     generations,   nullptr};

  Shared() {
    topology.day = [](EventTime time) { return day_of(time); };
    topology.announce = [](member::Record& record, Day today, member::Effects& effects) {
      record.through = today;
      if (record.due() == no_day) return;
      member::Notice notice;
      notice.time = start_of(record.due());
      effects.notices.push_back(notice);
      record.level.check = no_day;
    };
    topology.outputs.notices.encode = [](const member::Notice& notice, std::string_view member,
                                         std::string& out) {
      out.append(std::to_string(day_of(notice.time))).append(" ").append(member);
    };
  }
  Slot make(const std::string& id, Day due, std::uint32_t partition = 0) {
    const Slot slot = cache.insert(cache.key_of(id, partition), partition, id);
    member::Record& record = cache.member(slot).record;
    record.level.check = due;
    record.last_day = 0;
    return slot;
  }
};

inline EventTime time_on(Day day) { return start_of(day) + std::chrono::hours{12}; }

/// A timeline that is live at position 0, and was never anywhere else.
inline Timeline live_timeline() {
  Timeline timeline{std::chrono::days{400}, [](EventTime time) { return day_of(time); }, {}};
  timeline.begin(ports::Offset{0});
  timeline.settle();
  return timeline;
}

/// The next record is one that is accepted; true where it brought a new day.
inline bool pass(Timeline& timeline, EventTime time) {
  const ports::Offset offset = timeline.next();
  timeline.accepted(offset, time);
  return timeline.passed(offset);
}

}  // namespace fealty::runtime

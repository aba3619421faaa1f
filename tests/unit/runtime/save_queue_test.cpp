#include "fealty/runtime/save_queue.hpp"

#include <gmock/gmock.h>

#include "fealty/runtime/saves.hpp"
#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr EventTime noon = EventTime{std::chrono::days{20'000}};

class SaveQueueTest : public testing::Test {
 protected:
  SaveQueueTest() {
    shared.options.clock.steady = [this] { return MachineClock::Steady{now}; };
    shared.options.flush.distance_events = 5;
    shared.options.flush.distance = std::chrono::seconds{60};
  }
  /// A record that changes this member.
  void change(SaveQueue& queue, const std::string& id) {
    Slot slot = shared.cache.find(shared.cache.key_of(id, 0), 0, id);
    if (slot == no_slot) slot = shared.make(id, no_day);
    queue.changed(slot, shared.cache.member(slot), shared.options.clock);
    pass(timeline, noon);
  }
  std::string take(SaveQueue& queue) {
    CachedMember& member = shared.cache.member(queue.take());
    member.first_unsaved = 0;
    return member.record.id;
  }
  std::chrono::seconds now{1000};
  Shared shared;
  Timeline timeline = live_timeline();
};

TEST_F(SaveQueueTest, AMemberWaitsOnceWithItsOldestChange) {
  SaveQueue queue{shared.cache, shared.options.flush, timeline.moment()};
  change(queue, "m1");
  change(queue, "m2");
  change(queue, "m1");
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(take(queue), "m1");
  EXPECT_EQ(take(queue), "m2");
  EXPECT_TRUE(queue.empty());
  change(queue, "m1");
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(SaveQueueTest, ARecoveryBeginsWithTheOldestEpochThatIsLeft) {
  SaveQueue queue{shared.cache, shared.options.flush, timeline.moment()};
  EXPECT_EQ(queue.recover_from(), std::nullopt);
  change(queue, "m1");
  change(queue, "m2");
  queue.next_epoch(timeline.moment());
  change(queue, "m3");
  EXPECT_EQ(queue.recover_from()->position, 0U);
  take(queue);
  EXPECT_EQ(queue.recover_from()->position, 0U) << "m2 is of the same epoch";
  take(queue);
  EXPECT_EQ(queue.recover_from()->position, 2U);
  take(queue);
  EXPECT_EQ(queue.recover_from(), std::nullopt);
}

TEST_F(SaveQueueTest, ItNeverTurnsBack) {
  SaveQueue queue{shared.cache, shared.options.flush, timeline.moment()};
  ports::Offset before = 0;
  for (int i = 0; i < 500; ++i) {
    change(queue, "m" + std::to_string(i * 7 % 13));
    if (i % 5 == 0) queue.next_epoch(timeline.moment());
    if (i % 3 == 0) take(queue);
    const auto moment = queue.recover_from();
    const ports::Offset from = moment ? moment->position : timeline.next();
    EXPECT_GE(from, before);
    before = from;
  }
  EXPECT_GT(before, 0U);
}

TEST_F(SaveQueueTest, DueIsWhatLiesFarBackInRecordsOrInTime) {
  SaveQueue queue{shared.cache, shared.options.flush, timeline.moment()};
  change(queue, "m1");
  EXPECT_FALSE(queue.due(5, MachineClock::Steady{now}));
  EXPECT_TRUE(queue.due(6, MachineClock::Steady{now}));
  now += std::chrono::seconds{61};
  EXPECT_TRUE(queue.due(1, MachineClock::Steady{now}));
}

/// What a commit saves: members, and from where a recovery would read.
struct Saved {
  std::vector<std::string> members;
  ports::Offset recover_from = 0;
};

class SavesTest : public SaveQueueTest {
 protected:
  Saved commit(Flush::Share share = Flush::Share::due) {
    ports::OutputBuffer out;
    std::size_t room = std::size_t{1} << 20U;
    const auto position = saves.prepare(share, room, out);
    Saved saved;
    ports::SavedBatch& batch = saves.committed(position);
    for (const auto& item : batch.items) {
      if (batch.key(item) == "m") saved.members.emplace_back(batch.value(item));
      if (batch.key(item) == "c") saved.recover_from = std::stoull(std::string{batch.value(item)});
    }
    EXPECT_EQ(saved.recover_from, position.recover_from);
    saves.saved(1);
    return saved;
  }
  Shelf shelf;
  ShelfStore store{shelf};
  Unsaved unsaved{store, shared.cache, shared.log};
  Saves saves{0, shared.context, store, timeline, unsaved};
};

TEST_F(SavesTest, OfWhatChangesAllTheTimeOnlyWhatLiesFarBackIsSaved) {
  for (int i = 0; i < 40; ++i) {
    change(saves.queue(), "m" + std::to_string(i));
    const Saved saved = commit();
    // Another member changes with each record and commit: one of them is six back.
    const auto next = static_cast<ports::Offset>(i) + 1;
    if (next <= 5) {
      EXPECT_THAT(saved.members, IsEmpty());
      EXPECT_EQ(saved.recover_from, 0U);
    } else {
      EXPECT_THAT(saved.members, ElementsAre("m" + std::to_string(i - 5)));
      EXPECT_EQ(saved.recover_from, next - 5);
    }
  }
}

TEST_F(SavesTest, AMemberThatChangesAgainWhileItIsSavedQueuesAnew) {
  change(saves.queue(), "m1");
  ports::OutputBuffer out;
  std::size_t room = std::size_t{1} << 20U;
  const auto position = saves.prepare(Flush::Share::all, room, out);
  change(saves.queue(), "m1");
  saves.committed(position);
  saves.saved(1);
  EXPECT_EQ(saves.queue().size(), 1U);
  const Saved second = commit(Flush::Share::all);
  EXPECT_THAT(second.members, ElementsAre("m1"));
  EXPECT_EQ(second.recover_from, 2U);
}

TEST_F(SavesTest, HalfIsTheOlderHalf) {
  for (const char* const id : {"m1", "m2", "m3", "m4"}) change(saves.queue(), id);
  EXPECT_THAT(commit(Flush::Share::half).members, ElementsAre("m1", "m2"));
  EXPECT_THAT(commit(Flush::Share::all).members, ElementsAre("m3", "m4"));
}

}  // namespace
}  // namespace fealty::runtime

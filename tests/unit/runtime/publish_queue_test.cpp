#include "fealty/runtime/publish_queue.hpp"

#include <gmock/gmock.h>

#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PublishQueueTest : public testing::Test {
 protected:
  PublishQueueTest() {
    clock.steady = [this] { return MachineClock::Steady{now}; };
  }
  void change(PublishQueue& queue, const std::string& id) {
    Slot slot = shared.cache.find(shared.cache.key_of(id, 0), 0, id);
    if (slot == no_slot) slot = shared.make(id, no_day);
    queue.changed(slot, shared.cache.member(slot), clock);
  }
  CachedMember& member(const std::string& id) {
    return shared.cache.member(shared.cache.find(shared.cache.key_of(id, 0), 0, id));
  }
  /// Ids of all that are due.
  std::vector<std::string> take(PublishQueue& queue) {
    std::vector<std::string> ids;
    for (Slot slot = queue.take(MachineClock::Steady{now}); slot != no_slot;
         slot = queue.take(MachineClock::Steady{now})) {
      ids.push_back(shared.cache.member(slot).record.id);
    }
    queue.next_epoch();
    return ids;
  }
  seconds now{1000};
  MachineClock clock;
  Shared shared;
};

TEST_F(PublishQueueTest, AMemberIsPublishedOnceForAllItsChangesAndNotBeforeItHasWaited) {
  PublishQueue queue{shared.cache, milliseconds{5000}};
  change(queue, "m1");
  change(queue, "m1");
  EXPECT_THAT(take(queue), testing::IsEmpty());
  now += seconds{4};
  change(queue, "m2");
  EXPECT_THAT(take(queue), testing::IsEmpty());
  now += seconds{1};
  EXPECT_TRUE(queue.due(MachineClock::Steady{now}));
  EXPECT_THAT(take(queue), testing::ElementsAre("m1"));
  EXPECT_FALSE(queue.due(MachineClock::Steady{now}));
  change(queue, "m1");  // Anew, behind the other.
  now += seconds{4};
  EXPECT_THAT(take(queue), testing::ElementsAre("m2"));
  now += seconds{1};
  EXPECT_THAT(take(queue), testing::ElementsAre("m1"));
}

TEST_F(PublishQueueTest, WhoWasPublishedWithASaveIsNotPublishedAgain) {
  PublishQueue queue{shared.cache, milliseconds{1000}};
  change(queue, "m1");
  change(queue, "m2");
  PublishQueue::published(member("m1"));
  now += seconds{1};
  EXPECT_THAT(take(queue), testing::ElementsAre("m2"));
  change(queue, "m1");
  now += seconds{1};
  EXPECT_THAT(take(queue), testing::ElementsAre("m1"));
}

TEST_F(PublishQueueTest, WithoutATimeToWaitEveryCommitPublishes) {
  PublishQueue queue{shared.cache, milliseconds{0}};
  change(queue, "m1");
  EXPECT_THAT(take(queue), testing::ElementsAre("m1"));
  change(queue, "m1");
  change(queue, "m2");
  EXPECT_THAT(take(queue), testing::ElementsAre("m1", "m2"));
}

TEST_F(PublishQueueTest, SwitchedOffItHoldsNothing) {
  PublishQueue queue{shared.cache, std::nullopt};
  change(queue, "m1");
  EXPECT_FALSE(queue.on());
  EXPECT_EQ(member("m1").publish_ticket, 0U);
}

}  // namespace
}  // namespace fealty::runtime

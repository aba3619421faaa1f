#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "fealty/runtime/members.hpp"
#include "long_changelog.hpp"
#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

class Stores final : public ports::MemberStores {
 public:
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t) override {
    if (fails) return Error{Errc::store_unavailable, "state", "no space left on device"};
    return std::unique_ptr<ports::MemberStore>{std::make_unique<ShelfStore>(shelf_)};
  }
  Result<void> save(std::span<const Save>) override { return {}; }
  bool fails = false;
  [[nodiscard]] Shelf& shelf() { return shelf_; }

 private:
  Shelf shelf_;
};

/// Whose brokers are away at times.
class Flaky final : public ports::Source {
 public:
  bool away = false;
  std::vector<std::uint32_t> started;

  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t partition, ports::Offset) override {
    if (away) return Error{Errc::broker_unreachable, "kafka", "offsets"};
    started.push_back(partition);
    return {};
  }
  Result<ports::Polled> poll(ports::InputBatch&, std::size_t, std::chrono::milliseconds) override {
    return ports::Polled::idle;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }
};

constexpr std::chrono::milliseconds budget{10};

/// Openings that fail half way: what is there then must bear to be asked, and to be taken away.
class MembersOpen : public testing::Test {
 protected:
  MembersOpen() {
    shared.topology.applier = [] { return nullptr; };
    members = std::make_unique<Members>(shared.topology, source, nullptr, stores, shared.options);
    const std::vector<ports::Assignment> two{{.partition = 0, .fresh = true},
                                             {.partition = 1, .fresh = true}};
    EXPECT_TRUE(members->assign(two));
  }
  void take_away() {
    members->revoke(std::vector<std::uint32_t>{0, 1}, true);
    EXPECT_TRUE(members->stores().empty());
    EXPECT_EQ(members->counters().records, 0u);
  }
  Shared shared;
  Flaky source;
  Stores stores;
  std::unique_ptr<Members> members;
};

TEST_F(MembersOpen, OneWhoseStartFailsIsOpenedLater) {
  source.away = true;
  const auto failed = members->open(budget);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::broker_unreachable);
  EXPECT_TRUE(members->stores().empty());

  source.away = false;
  const auto left = members->open(budget);

  ASSERT_TRUE(left);
  EXPECT_FALSE(*left);
  EXPECT_THAT(source.started, testing::ElementsAre(0, 1));
  EXPECT_EQ(members->stores().size(), 2u);
}

TEST_F(MembersOpen, OneWhoseStartFailsCanBeTakenAway) {
  source.away = true;
  ASSERT_FALSE(members->open(budget));
  EXPECT_TRUE(members->restart());
  take_away();
}

TEST_F(MembersOpen, OneWhoseStoreFailsCanBeTakenAway) {
  stores.fails = true;
  ASSERT_FALSE(members->open(budget));
  EXPECT_TRUE(members->restart());
  take_away();
}

TEST_F(MembersOpen, OneThatWasRestartedCanBeTakenAway) {
  ASSERT_TRUE(members->open(budget));
  ASSERT_TRUE(members->restart());
  source.away = true;
  ASSERT_FALSE(members->open(budget));
  take_away();
}

/// Two partitions whose stores are empty.
class MembersFill : public MembersOpen {
 protected:
  void open_from(LongChangelog& changelog) {
    members =
        std::make_unique<Members>(shared.topology, source, &changelog, stores, shared.options);
    const std::vector<ports::Assignment> two{{.partition = 0}, {.partition = 1}};
    EXPECT_TRUE(members->assign(two));
  }
};

TEST_F(MembersFill, OneWithMuchToRestoreGoesBeforeTheOthersAndWorksBeforeTheyAreDone) {
  LongChangelog changelog{40'000, 4'000};
  open_from(changelog);
  while (source.started.empty()) ASSERT_TRUE(members->open(budget));
  EXPECT_THAT(source.started, testing::ElementsAre(0));
  // In turns until it is seen that there is much, then the first alone.
  EXPECT_EQ(std::count(changelog.steps.begin(), changelog.steps.end(), 0U), 10);
  EXPECT_LT(std::count(changelog.steps.begin(), changelog.steps.end(), 1U), 4);
  EXPECT_EQ(members->stores().size(), 1U);
  while (source.started.size() < 2) ASSERT_TRUE(members->open(budget));
  EXPECT_THAT(source.started, testing::ElementsAre(0, 1));
}

TEST_F(MembersFill, OneThatIsKnownToHaveMuchGoesFirstFromTheFirstRecord) {
  LongChangelog changelog{40'000, 4'000, true};
  open_from(changelog);
  while (source.started.size() < 2) ASSERT_TRUE(members->open(budget));
  ASSERT_EQ(changelog.steps.size(), 20U);
  EXPECT_TRUE(std::is_sorted(changelog.steps.begin(), changelog.steps.end()));
}

TEST_F(MembersFill, OneOfWhichNothingMoreComesHoldsUpNobodyUntilItComesAgain) {
  LongChangelog changelog{40'000, 4'000, true};
  MachineClock::Steady now{std::chrono::hours{1}};
  shared.options.clock.steady = [&now] { return now; };
  open_from(changelog);
  ASSERT_TRUE(members->open(budget));
  ASSERT_TRUE(members->open(budget));
  changelog.stuck = 0;
  for (int i = 0; i < 5; ++i, now += std::chrono::milliseconds{100}) {
    ASSERT_TRUE(members->open(budget));
  }
  EXPECT_EQ(std::count(changelog.steps.begin(), changelog.steps.end(), 1U), 0);  // a short pause
  for (int i = 0; i < 30 && source.started.empty(); ++i, now += std::chrono::milliseconds{100}) {
    ASSERT_TRUE(members->open(budget));
  }
  ASSERT_THAT(source.started, testing::ElementsAre(1));
  changelog.stuck.reset();
  while (source.started.size() < 2) ASSERT_TRUE(members->open(budget));
  EXPECT_THAT(source.started, testing::ElementsAre(1, 0));
}

TEST_F(MembersFill, WhileTheStoreOfOneMakesAWholeOfItTheNextIsRead) {
  LongChangelog changelog{40'000, 4'000};
  // Given a store that is not done before the other partition was read.
  std::promise<void> other_read;
  std::future<void> may_end = other_read.get_future();
  std::atomic<int> ended = 0;
  stores.shelf().at_restored = [&] {
    if (++ended > 1) return;
    EXPECT_EQ(may_end.wait_for(std::chrono::seconds{30}), std::future_status::ready);
  };
  open_from(changelog);
  bool told = false;
  while (source.started.size() < 2) {
    ASSERT_TRUE(members->open(budget));
    const bool read = std::count(changelog.steps.begin(), changelog.steps.end(), 1U) == 10;
    if (read && !std::exchange(told, true)) other_read.set_value();
  }
  EXPECT_EQ(stores.shelf().restores_ended, 2);
}

TEST_F(MembersFill, OneThatIsTakenAwayMeanwhileIsWaitedForAndForgotten) {
  LongChangelog changelog{40'000, 4'000};
  std::promise<void> begun, revoked;
  std::atomic<int> ended = 0;
  stores.shelf().at_restored = [&] {
    if (++ended > 1) return;
    begun.set_value();
    revoked.get_future().wait();
  };
  open_from(changelog);
  std::future<void> in_store = begun.get_future();
  while (in_store.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
    ASSERT_TRUE(members->open(budget));
  }
  revoked.set_value();
  take_away();
  EXPECT_TRUE(source.started.empty());
}

TEST_F(MembersFill, ThoseWithLittleComeInTurns) {
  LongChangelog changelog{4'000, 1'000};
  open_from(changelog);
  while (source.started.size() < 2) ASSERT_TRUE(members->open(budget));
  EXPECT_THAT(changelog.steps, testing::ElementsAre(0, 1, 0, 1, 0, 1, 0, 1));
}

}  // namespace
}  // namespace fealty::runtime

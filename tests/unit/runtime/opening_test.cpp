#include "fealty/runtime/opening.hpp"

#include <gtest/gtest.h>

#include "long_changelog.hpp"
#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

class ShelfStores final : public ports::MemberStores {
 public:
  explicit ShelfStores(Shelf& shelf) : shelf_{shelf} {}
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t) override {
    return std::unique_ptr<ports::MemberStore>{std::make_unique<ShelfStore>(shelf_)};
  }
  Result<void> save(std::span<const Save>) override { return {}; }

 private:
  Shelf& shelf_;
};

/// A changelog of which nothing new is to be read.
class OldNews final : public ports::Changelog {
 public:
  class Pass final : public Reader {
   public:
    Result<bool> step(Visitor&, std::chrono::milliseconds) override { return true; }
    [[nodiscard]] std::uint64_t position() const override { return 0; }
  };
  Result<std::unique_ptr<Reader>> open(std::uint32_t, std::uint64_t) override {
    return std::unique_ptr<Reader>{std::make_unique<Pass>()};
  }
};

class OpeningTest : public testing::Test {
 protected:
  OpeningTest() {
    shared.options.clock.steady = [this] { return MachineClock::Steady{now}; };
    ports::Checkpoint& saved = shelf.checkpoint.emplace();
    saved.recover_from = 5;
    saved.committed = 12;
    saved.note = "turn 7 m1";
  }
  Opening opening(ports::Offset committed, bool fresh, ports::Changelog* from) {
    return Opening{{.partition = 0, .committed = committed, .fresh = fresh}, nullptr, stores, from};
  }
  std::chrono::seconds now{1000};
  Shared shared;
  Shelf shelf;
  ShelfStores stores{shelf};
  OldNews changelog;
};

constexpr std::chrono::milliseconds budget{10};

TEST_F(OpeningTest, BeginsWhereTheStoreSays) {
  Opening made = opening(12, false, &changelog);
  const auto done = made.step(budget, shared.context);
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(*done);
  EXPECT_EQ(made.from(), 5U);
  EXPECT_EQ(made.committed().offset, 12U);
}

TEST_F(OpeningTest, EndsTheRestoreAlsoWhereNothingIsNew) {
  // Given a process that was killed when it had read all, and not ended its restore.
  Opening made = opening(12, false, &changelog);
  ASSERT_TRUE(made.step(budget, shared.context));
  EXPECT_EQ(shelf.restores_ended, 1);
}

TEST_F(OpeningTest, EachRecordIsKeptWithThePlaceBehindItSoThatOneCutShortGoesOnThere) {
  LongChangelog five{5, 2};
  shelf.checkpoint->changelog_position = 1;
  Opening made = opening(12, false, &five);
  while (!made.done()) ASSERT_TRUE(made.step(budget, shared.context));
  EXPECT_EQ(shelf.restored_to, (std::vector<std::uint64_t>{2, 3, 4, 5}));
}

TEST_F(OpeningTest, WhatTheGroupHasForgottenTheCheckpointKnows) {
  Opening made = opening(99, true, &changelog);
  const auto done = made.step(budget, shared.context);
  ASSERT_TRUE(done.has_value() && *done);
  EXPECT_EQ(made.committed().offset, 12U);
  EXPECT_EQ(made.committed().turn, (ports::DuePlace{7, "m1"}));
}

TEST_F(OpeningTest, StateAheadOfTheGroupWaitsForThePartitionToBeTakenAway) {
  // Given a worker that was away while another one went on with its partition.
  Opening made = opening(8, false, &changelog);
  for (int i = 0; i < 3; ++i) {
    const auto done = made.step(budget, shared.context);
    ASSERT_TRUE(done.has_value());
    EXPECT_FALSE(*done);
    now += std::chrono::seconds{4};
  }
  // When nobody takes it away, the group's offset was turned back, and that is said.
  const auto done = made.step(budget, shared.context);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Errc::input_gap);
  EXPECT_NE(done.error().detail.find("12"), std::string::npos);
  EXPECT_NE(done.error().detail.find('8'), std::string::npos);
}

TEST_F(OpeningTest, WhileNobodyCanTellItIsNotWaitedForThatHeDoes) {
  Opening made = opening(8, false, &changelog);
  shared.source.away = true;
  for (int i = 0; i < 10; ++i) {
    const auto done = made.step(budget, shared.context);
    ASSERT_TRUE(done.has_value());
    EXPECT_FALSE(*done);
    now += std::chrono::seconds{30};
  }
  shared.source.away = false;
  EXPECT_FALSE(made.step(budget, shared.context).has_value());

  // From when brokers answer again on, the time runs.
  Opening again = opening(8, false, &changelog);
  shared.source.away = true;
  ASSERT_TRUE(again.step(budget, shared.context));
  now += std::chrono::seconds{30};
  ASSERT_TRUE(again.step(budget, shared.context));
  shared.source.away = false;
  now += std::chrono::seconds{9};
  EXPECT_TRUE(again.step(budget, shared.context));
  now += std::chrono::seconds{1};
  EXPECT_FALSE(again.step(budget, shared.context).has_value());
}

TEST_F(OpeningTest, WithoutAChangelogNobodyElseCanHaveGoneOn) {
  Opening made = opening(8, false, nullptr);
  const auto done = made.step(budget, shared.context);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Errc::input_gap);
}

}  // namespace
}  // namespace fealty::runtime

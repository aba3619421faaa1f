#include "fealty/runtime/member_reads.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "fealty/base/murmur2.hpp"
#include "fealty/runtime/worker_reads.hpp"

namespace fealty::runtime {
namespace {

using ports::ReadFailure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Rests = MemberReads::Rests;
using std::chrono::seconds;

ports::ReadRequest about(std::string member, MachineClock::Steady deadline) {
  ports::ReadRequest request;
  request.member = std::move(member);
  request.deadline = deadline;
  return request;
}

/// A worker whose state is a number that goes up, and what it told its readers.
class MemberReadsTest : public testing::Test {
 protected:
  void ask(const std::string& name, seconds patience = seconds{10}) {
    reads.ask(about(name, now + patience), [this, name](const Looked& looked) {
      told.push_back(
          name + " " +
          (looked.refused ? looked.refused->detail : std::to_string(looked.found->as_of.position)));
    });
  }
  void serve(Rests rests) {
    reads.serve(now, [&](const ports::ReadRequest&, Looked& looked) {
      ++looks;
      if (rests == Rests::not_yet) {
        looked.refused = ports::ReadRefusal{ReadFailure::busy, "restoring"};
      } else {
        looked.found.emplace().as_of.position = applied;
      }
      return rests;
    });
  }
  MemberReads reads;
  MachineClock::Steady now{seconds{1000}};
  ports::Offset applied = 1;
  int looks = 0;
  std::vector<std::string> told;
};

TEST_F(MemberReadsTest, AnswersAtOnceWhereAllIsCommitted) {
  ask("anna");
  EXPECT_THAT(told, IsEmpty());
  serve(Rests::committed);
  EXPECT_THAT(told, ElementsAre("anna 1"));
}

TEST_F(MemberReadsTest, HoldsAnAnswerUntilTheCommitThatCoversItIsDone) {
  // Given one that rests on the commit in flight, and one that rests on what came behind it.
  ask("anna");
  serve(Rests::in_flight);
  ask("ben");
  applied = 2;
  serve(Rests::open);
  EXPECT_THAT(told, IsEmpty());
  // When the first is done, only its answer is: the other one needs the next commit.
  reads.committed();
  EXPECT_THAT(told, ElementsAre("anna 1"));
  reads.committed();
  EXPECT_THAT(told, ElementsAre("anna 1"));
  reads.prepared();
  EXPECT_THAT(told, ElementsAre("anna 1"));
  reads.committed();
  EXPECT_THAT(told, ElementsAre("anna 1", "ben 2"));
}

TEST_F(MemberReadsTest, AfterAnAbortItLooksAgainAndNeverTellsWhatWasDropped) {
  ask("anna");
  applied = 7;
  serve(Rests::open);
  reads.prepared();
  reads.look_again();
  reads.committed();
  EXPECT_THAT(told, IsEmpty());
  applied = 5;
  serve(Rests::committed);
  EXPECT_THAT(told, ElementsAre("anna 5"));
}

TEST_F(MemberReadsTest, WaitsForWhatRestoresWithoutALookAtEachBatch) {
  ask("anna");
  for (int batch = 0; batch < 100; ++batch) serve(Rests::not_yet);
  EXPECT_EQ(looks, 1);
  now += seconds{1};
  serve(Rests::committed);
  EXPECT_THAT(told, ElementsAre("anna 1"));
}

TEST_F(MemberReadsTest, ToldTooLateWhy) {
  ask("anna", seconds{2});
  ask("ben", seconds{2});
  serve(Rests::not_yet);
  now += seconds{3};
  serve(Rests::not_yet);
  EXPECT_THAT(told, ElementsAre("anna restoring", "ben restoring"));
  ask("carl", seconds{2});
  serve(Rests::open);
  now += seconds{3};
  serve(Rests::committed);
  EXPECT_THAT(told.back(), HasSubstr("not committed yet"));
  reads.prepared();
  reads.committed();
  EXPECT_EQ(told.size(), 3U);
}

TEST_F(MemberReadsTest, ClosedItAnswersAllThatIsLeftAndAllThatComes) {
  ask("waits");
  serve(Rests::not_yet);
  ask("held");
  now += seconds{1};
  serve(Rests::open);
  ask("new");
  reads.close();
  ask("late");
  ASSERT_EQ(told.size(), 4U);
  for (const std::string& line : told) EXPECT_THAT(line, HasSubstr("the worker stops"));
}

/// Two workers and who holds what; each is served by hand.
class WorkerReadsTest : public testing::Test {
 protected:
  static constexpr std::uint32_t partitions = 4;
  const std::string anna = "anna";
  const std::uint32_t home = kafka_partition_of(anna, partitions);

  void ask(bool keyed_by_member = true, std::optional<ports::InputPosition> at_least = {}) {
    reads.emplace(std::vector<MemberReads*>{&one, &two}, partitions, keyed_by_member);
    ports::ReadRequest request = about(anna, now + seconds{10});
    request.at_least = at_least;
    reads->ask(request, [this](ports::ReadOutcome outcome) {
      if (const auto* refusal = std::get_if<ports::ReadRefusal>(&outcome)) {
        why = refusal->why;
        told.push_back(refusal->detail);
      } else {
        told.push_back("found in " +
                       std::to_string(std::get<ports::ReadAnswer>(outcome).as_of.partition));
      }
    });
  }
  void serve(MemberReads& worker, std::vector<ports::InputPosition> without,
             std::optional<std::uint32_t> found = {}, bool other_partitioner = false) {
    worker.serve(now, [&](const ports::ReadRequest&, Looked& looked) {
      looked.without = without;
      looked.other_partitioner = other_partitioner;
      if (found) looked.found.emplace().as_of.partition = *found;
      return Rests::committed;
    });
  }
  MemberReads one, two;
  std::optional<WorkerReads> reads;
  MachineClock::Steady now{seconds{1000}};
  std::optional<ReadFailure> why;
  std::vector<std::string> told;
};

TEST_F(WorkerReadsTest, WhoeverHasTheMemberAnswersAndTheOtherIsNotWaitedFor) {
  ask();
  serve(two, {}, 3);
  EXPECT_THAT(told, ElementsAre("found in 3"));
  serve(one, {{0, 9}});
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(WorkerReadsTest, AMemberThatItsPartitionDoesNotKnowIsUnknown) {
  ask();
  serve(one, {{home, 17}});
  EXPECT_THAT(told, IsEmpty());
  serve(two, {});
  EXPECT_EQ(why, ReadFailure::unknown_member);
  EXPECT_THAT(told.back(), HasSubstr(std::to_string(home) + " at input position 17"));
}

TEST_F(WorkerReadsTest, AMemberOfAPartitionThatIsNotHeldIsElsewhere) {
  ask();
  serve(one, {{(home + 1) % partitions, 17}});
  serve(two, {});
  EXPECT_EQ(why, ReadFailure::elsewhere);
  EXPECT_THAT(told.back(), HasSubstr("partition " + std::to_string(home)));
}

TEST_F(WorkerReadsTest, WhereAnotherRulePlacesRecordsOnlyAllPartitionsTogetherKnow) {
  for (const bool keyed_by_member : {true, false}) {
    // Either by setting, or going by the records.
    why.reset();
    ask(keyed_by_member);
    serve(one, {{home, 17}}, {}, keyed_by_member);
    serve(two, {});
    EXPECT_EQ(why, ReadFailure::elsewhere);
    ask(keyed_by_member);
    serve(one, {{0, 1}, {1, 2}}, {}, keyed_by_member);
    serve(two, {{3, 4}, {2, 3}});
    EXPECT_EQ(why, ReadFailure::unknown_member);
    EXPECT_THAT(told.back(), HasSubstr("2 at input position 3, 3 at input position 4"));
  }
}

TEST_F(WorkerReadsTest, APartitionThatTheReaderNamesIsTheOneThatCounts) {
  const std::uint32_t other = (home + 1) % partitions;
  ask(false, ports::InputPosition{other, 5});
  serve(one, {{other, 6}});
  serve(two, {});
  EXPECT_EQ(why, ReadFailure::unknown_member);
}

}  // namespace
}  // namespace fealty::runtime

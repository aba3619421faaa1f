#include "fealty/runtime/setbacks.hpp"

#include <gmock/gmock.h>

namespace fealty::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const Error aborted{Errc::transaction_aborted, "kafka", "to topic notices: gone"};
const Error nobody{Errc::broker_unreachable, "kafka.brokers", "no answer"};
constexpr Setbacks::Steady noon{std::chrono::hours{12}};

TEST(Setbacks, AbortsInARowWaitLongerAndLongerUpToABound) {
  Setbacks setbacks{{.backoff = milliseconds{100}, .backoff_max = milliseconds{500}}};
  std::vector<milliseconds> waits;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(setbacks.aborted(aborted, noon));
    waits.push_back(std::chrono::duration_cast<milliseconds>(setbacks.until() - noon));
  }
  EXPECT_THAT(waits, testing::ElementsAre(milliseconds{0}, milliseconds{100}, milliseconds{200},
                                          milliseconds{400}, milliseconds{500}, milliseconds{500}));
}

TEST(Setbacks, OneAbortTooManyEndsTheRunAndSaysWhy) {
  Setbacks setbacks{{.aborts_max = 3}};
  ASSERT_TRUE(setbacks.aborted(aborted, noon));
  ASSERT_TRUE(setbacks.aborted(aborted, noon));

  const auto last = setbacks.aborted(aborted, noon + seconds{7});

  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, Errc::transaction_aborted);
  EXPECT_EQ(last.error().detail,
            "3 commits in a row were aborted, within 7 s; the last one: to topic notices: gone");
}

TEST(Setbacks, SoDoesTheThirdWhereTheyTakeLong) {
  Setbacks setbacks{{.aborting_max = seconds{120}}};
  ASSERT_TRUE(setbacks.aborted(aborted, noon));
  ASSERT_TRUE(setbacks.aborted(aborted, noon + seconds{200}));
  EXPECT_FALSE(setbacks.aborted(aborted, noon + seconds{400}));
}

TEST(Setbacks, ACommitMakesThemForgottenAndTheRunHealthyAgain) {
  Setbacks setbacks{{.aborts_max = 4}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(setbacks.aborted(aborted, noon));
  EXPECT_FALSE(setbacks.healthy());

  setbacks.committed();

  EXPECT_TRUE(setbacks.healthy());
  EXPECT_TRUE(setbacks.aborted(aborted, noon));
}

TEST(Setbacks, ACommitThatComesNoFurtherThanBeforeTheAbortsEndsNoRow) {
  using Positions = std::vector<ports::CommitPosition>;
  const auto at = [](std::uint32_t partition, event::Offset committed) {
    return ports::CommitPosition{.partition = partition, .committed = committed};
  };
  Setbacks setbacks{{.aborts_max = 3}};
  setbacks.committed(Positions{at(0, 10), at(1, 10)});
  ASSERT_TRUE(setbacks.aborted(aborted, noon, Positions{at(0, 12), at(1, 10)}));
  setbacks.committed(Positions{at(0, 10)});  // repeated
  setbacks.committed(Positions{at(1, 15)});  // of another partition
  EXPECT_EQ(setbacks.aborts_in_row(), 1U);
  ASSERT_TRUE(setbacks.aborted(aborted, noon, Positions{at(0, 14), at(1, 16)}));
  setbacks.committed(Positions{at(0, 11), at(1, 15)});
  EXPECT_EQ(setbacks.aborts_in_row(), 2U);
  setbacks.committed(Positions{at(1, 16)});
  EXPECT_EQ(setbacks.aborts_in_row(), 0U);

  // Sent before a commit was prepared: the positions are those of the last.
  ASSERT_TRUE(setbacks.aborted(aborted, noon, Positions{at(0, 11), at(1, 16)}, true));
  setbacks.committed(Positions{at(0, 11), at(1, 16)});
  EXPECT_EQ(setbacks.aborts_in_row(), 1U);
  setbacks.committed(Positions{at(0, 12), at(1, 16)});
  EXPECT_EQ(setbacks.aborts_in_row(), 0U);

  ASSERT_TRUE(setbacks.aborted(aborted, noon, Positions{at(0, 14)}));
  setbacks.moved();
  setbacks.committed(Positions{at(1, 15)});
  EXPECT_EQ(setbacks.aborts_in_row(), 0U);
}

TEST(Setbacks, ABusThatIsAwayIsWaitedForAsLongAsAskedFor) {
  Setbacks setbacks{{.bus_wait = seconds{60}}};
  ASSERT_TRUE(setbacks.away(nobody, noon));
  EXPECT_FALSE(setbacks.healthy());
  ASSERT_TRUE(setbacks.away(nobody, noon + seconds{59}));

  const auto given_up = setbacks.away(nobody, noon + seconds{60});

  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, Errc::broker_unreachable);
}

TEST(Setbacks, ItsReturnStartsTheCountAgain) {
  Setbacks setbacks{{.bus_wait = seconds{60}}};
  ASSERT_TRUE(setbacks.away(nobody, noon));
  setbacks.opened();
  EXPECT_TRUE(setbacks.healthy());
  EXPECT_TRUE(setbacks.away(nobody, noon + seconds{100}));
}

}  // namespace
}  // namespace fealty::runtime

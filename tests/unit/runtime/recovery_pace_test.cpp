#include "fealty/runtime/recovery_pace.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fealty::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MachineClock::Steady at(milliseconds time) { return MachineClock::Steady{time}; }

TEST(RecoveryPace, BeforeTheFirstRecoveryItReckonsWithColdCaches) {
  EXPECT_EQ(RecoveryPace{seconds{1}}.events_max(), RecoveryPace::events_per_s_first);
  EXPECT_EQ(RecoveryPace{milliseconds{200}}.events_max(), RecoveryPace::events_per_s_first / 5);
}

TEST(RecoveryPace, WithoutATargetNothingIsBound) {
  EXPECT_EQ(RecoveryPace{milliseconds{0}}.events_max(), std::numeric_limits<std::uint64_t>::max());
}

TEST(RecoveryPace, PartitionsThatRecoverTogetherAreMeasuredTogether) {
  RecoveryPace pace{seconds{2}};
  pace.begin(300'000, at(seconds{1}));
  pace.begin(500'000, at(milliseconds{1500}));
  pace.end(at(milliseconds{2500}));
  EXPECT_EQ(pace.events_per_s(), RecoveryPace::events_per_s_first);  // One is still under way.
  pace.end(at(seconds{3}));
  EXPECT_EQ(pace.events_per_s(), 400'000U);
  EXPECT_EQ(pace.events_max(), 800'000U);
}

TEST(RecoveryPace, BeforeTheFirstRecoveryItGoesByWhatIsAppliedLiveAndByTheRecoveryFromThenOn) {
  RecoveryPace pace{seconds{1}};
  pace.applied(150'000, milliseconds{300});
  EXPECT_EQ(pace.events_per_s(), RecoveryPace::events_per_s_first);  // Too few to tell.
  pace.applied(150'000, milliseconds{300});
  EXPECT_EQ(pace.events_per_s(), 500'000U);
  pace.applied(200'000, seconds{10});
  EXPECT_EQ(pace.events_per_s(), RecoveryPace::events_per_s_first);
  pace.begin(80'000, at(seconds{1}));
  pace.end(at(seconds{2}));
  pace.applied(1'000'000, seconds{1});
  EXPECT_EQ(pace.events_per_s(), 80'000U);
}

TEST(RecoveryPace, AFewEventsAreNoMeasure) {
  RecoveryPace pace{seconds{1}};
  pace.begin(100, at(seconds{1}));
  pace.end(at(seconds{2}));
  EXPECT_EQ(pace.events_per_s(), RecoveryPace::events_per_s_first);
}

TEST(RecoveryPace, ASlowRecoveryShortensTheWay) {
  RecoveryPace pace{seconds{1}};
  pace.begin(100'000, at(seconds{0}));
  pace.end(at(seconds{4}));
  EXPECT_EQ(pace.events_max(), 25'000U);
}

}  // namespace
}  // namespace fealty::runtime

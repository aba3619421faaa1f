#include "fealty/runtime/timeline.hpp"

#include <gmock/gmock.h>

#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;

constexpr Day monday = 20'000;

Timeline timeline_to(CommittedTo committed) {
  return Timeline{std::chrono::days{400}, [](EventTime time) { return day_of(time); },
                  std::move(committed)};
}

event::Event event_of(std::uint64_t member, EventTime time) {
  event::Event event;
  event.member_hash = member;
  event.time = time;
  return event;
}

ports::Checkpoint checkpoint_of(Timeline& timeline, const Moment& moment) {
  ports::Checkpoint checkpoint;
  timeline.fill(moment, checkpoint);
  return checkpoint;
}

TEST(Timeline, RecordsEachNewDayWithTheRecordThatBroughtIt) {
  Timeline timeline = live_timeline();
  const Moment start = timeline.moment();
  EXPECT_EQ(timeline.today(), -1);
  EXPECT_TRUE(pass(timeline, time_on(monday)));
  EXPECT_FALSE(pass(timeline, time_on(monday) + std::chrono::hours{1}));
  EXPECT_TRUE(pass(timeline, time_on(monday + 2)));
  EXPECT_FALSE(pass(timeline, time_on(monday + 1)));  // late
  EXPECT_EQ(timeline.today(), monday + 2);
  const auto checkpoint = checkpoint_of(timeline, start);
  EXPECT_THAT(checkpoint.advances, ElementsAre(ports::Advance{1, time_on(monday)},
                                               ports::Advance{3, time_on(monday + 2)}));
  EXPECT_EQ(checkpoint.recover_from, 0U);
  EXPECT_EQ(checkpoint.recorded_to, 4U);
}

TEST(Timeline, IsQuietWhereOnlyRecordsCanMoveIt) {
  Timeline fresh = timeline_to({});
  fresh.begin(ports::Offset{0});
  EXPECT_FALSE(fresh.quiet()) << "it repeats";
  fresh.settle();
  EXPECT_FALSE(fresh.quiet()) << "the first event is on trial";
  pass(fresh, time_on(monday));
  EXPECT_FALSE(fresh.quiet()) << "still";
  pass(fresh, time_on(monday));
  EXPECT_TRUE(fresh.quiet());
  fresh.begin_turn();
  EXPECT_FALSE(fresh.quiet());
  fresh.end_turn();
  EXPECT_TRUE(fresh.quiet());
}

TEST(Timeline, WithinTodayIsWhatLeavesTheDay) {
  Timeline timeline = live_timeline();
  for (int i = 0; i < 2; ++i) pass(timeline, time_on(monday));
  EXPECT_TRUE(timeline.within_today(start_of(monday - 1000)));
  EXPECT_TRUE(timeline.within_today(time_on(monday)));
  EXPECT_TRUE(timeline.within_today(start_of(monday + 1) - std::chrono::milliseconds{1}));
  EXPECT_FALSE(timeline.within_today(start_of(monday + 1)));
  EXPECT_FALSE(timeline.within_today(time_on(monday + 1000)));
}

TEST(Timeline, RecordsOfADayPassTogetherAsTheyDoInTurn) {
  Timeline in_turn = live_timeline(), together = live_timeline();
  for (Timeline* const each : {&in_turn, &together}) {
    for (int i = 0; i < 2; ++i) pass(*each, time_on(monday));
  }
  for (const int hour : {3, -40, 5, 4}) {
    EXPECT_FALSE(pass(in_turn, time_on(monday) + std::chrono::hours{hour}));
  }
  together.passed_within_today(5, time_on(monday) + std::chrono::hours{5});
  EXPECT_EQ(together.next(), in_turn.next());
  EXPECT_EQ(together.now(), in_turn.now());
  EXPECT_EQ(together.moment().clock, in_turn.moment().clock);
  together.passed_within_today(9, std::nullopt);  // none of them was accepted
  EXPECT_EQ(together.next(), 10U);
  EXPECT_EQ(together.now(), in_turn.now());
}

TEST(Timeline, RepeatsItsAdvancesWhereTheyWereMadeWhateverTheRecordsSay) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  pass(before, time_on(monday + 2));
  before.tick(time_on(monday + 5));
  before.tick(time_on(monday + 6));
  Timeline after = timeline_to({2, std::nullopt});
  after.begin(checkpoint_of(before, start));

  EXPECT_FALSE(after.repeat(0));
  EXPECT_FALSE(after.passed(0));  // skipped: nobody says whether it was accepted
  EXPECT_TRUE(after.repeat(1));
  EXPECT_EQ(after.today(), monday);
  EXPECT_FALSE(after.repeat(1));
  EXPECT_FALSE(after.passed(1));
  EXPECT_TRUE(after.repeat(2));
  EXPECT_EQ(after.today(), monday + 2);
  EXPECT_TRUE(after.repeat(2));
  EXPECT_TRUE(after.repeat(2));
  EXPECT_EQ(after.today(), monday + 6);
  EXPECT_FALSE(after.repeat(2));
  after.settle();
  EXPECT_FALSE(after.recovering());
}

TEST(Timeline, MovesWithTheRecordThatMovedItWhereThatIsAppliedAgain) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday + 900));  // taken at its word until the next one
  pass(before, time_on(monday));
  Timeline after = timeline_to({2, std::nullopt});
  after.begin(checkpoint_of(before, start));

  EXPECT_TRUE(pass(after, time_on(monday + 900)));
  EXPECT_FALSE(after.repeat(1));
  after.accepted(1, time_on(monday));
  EXPECT_EQ(after.today(), monday);  // what the member is due for is seen as it was then
  EXPECT_TRUE(after.passed(1));
  EXPECT_FALSE(after.repeat(2));
}

TEST(Timeline, AnEventThatMovedNothingMovesNothingInARecovery) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  static_cast<void>(before.passed(1));  // a repeat, or refused
  Timeline after = timeline_to({2, std::nullopt});
  after.begin(checkpoint_of(before, start));
  pass(after, time_on(monday));
  EXPECT_FALSE(pass(after, time_on(monday + 3)));
  EXPECT_EQ(after.today(), monday);
}

TEST(Timeline, BehindWhatIsRecordedEventsMoveTheClockAgain) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  Timeline after = timeline_to({3, std::nullopt});  // committed further than it was saved
  after.begin(checkpoint_of(before, start));
  pass(after, time_on(monday));
  EXPECT_FALSE(after.repeat(1));
  EXPECT_TRUE(pass(after, time_on(monday + 1)));
  EXPECT_EQ(after.today(), monday + 1);
  EXPECT_TRUE(after.recovering());
  EXPECT_TRUE(after.silent(ports::Offset{2}));
  EXPECT_FALSE(after.silent(ports::Offset{3}));
}

TEST(Timeline, ACheckpointAtItsEndHasTheClockItself) {
  Timeline before = live_timeline();
  pass(before, time_on(monday));
  before.tick(time_on(monday + 4));
  const auto checkpoint = checkpoint_of(before, before.moment());
  EXPECT_THAT(checkpoint.advances, ElementsAre());
  Timeline after = timeline_to({1, std::nullopt});
  after.begin(checkpoint);
  EXPECT_EQ(after.today(), monday + 4);
  EXPECT_EQ(after.now(), before.now());
}

TEST(Timeline, WhatFallsDueIsSilentUpToThePlaceThatWasCommitted) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  Timeline after = timeline_to({1, ports::DuePlace{monday, "m5"}});
  after.begin(checkpoint_of(before, start));
  EXPECT_TRUE(after.silent(ports::DuePlace{monday, "m9"}));  // a turn before the committed record
  pass(after, time_on(monday));
  after.begin_turn();
  EXPECT_TRUE(after.silent(ports::DuePlace{monday, "m5"}));
  EXPECT_FALSE(after.silent(ports::DuePlace{monday, "m6"}));
  EXPECT_FALSE(after.silent(ports::DuePlace{monday + 1, "m1"}));
}

TEST(Timeline, OfSeveralTurnsAtOnePositionTheNoteIsAboutTheLast) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  before.tick(time_on(monday + 1));
  before.tick(time_on(monday + 2));
  Timeline after = timeline_to({1, ports::DuePlace{monday, "m5"}});
  after.begin(checkpoint_of(before, start));
  const ports::DuePlace late{monday, "m9"};
  pass(after, time_on(monday));
  EXPECT_TRUE(after.silent(late));
  ASSERT_TRUE(after.repeat(1));
  EXPECT_TRUE(after.silent(late));
  ASSERT_TRUE(after.repeat(1));
  EXPECT_FALSE(after.silent(late));
}

TEST(Timeline, WhileItRecoversACommitCoversNoMoreThanBefore) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  pass(before, time_on(monday));
  Timeline after = timeline_to({2, ports::DuePlace{monday, "m5"}});
  after.begin(checkpoint_of(before, start));
  pass(after, time_on(monday));
  after.begin_turn();
  EXPECT_EQ(after.worked_off().offset, 2U);
  EXPECT_EQ(after.worked_off().turn, (ports::DuePlace{monday, "m5"}));
  after.end_turn();
  pass(after, time_on(monday));
  after.settle();
  EXPECT_EQ(after.worked_off().turn, std::nullopt);
}

TEST(Timeline, WhatGoesOutBehindThePlaceOfACutTurnIsCovered) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  Timeline after = timeline_to({1, ports::DuePlace{monday, "m5"}});
  after.begin(checkpoint_of(before, start));
  pass(after, time_on(monday));
  after.begin_turn();
  *after.turn() = {monday, "m4"};
  EXPECT_EQ(after.worked_off().turn, (ports::DuePlace{monday, "m5"}));
  *after.turn() = {monday, "m8"};  // m6 to m8 went out
  EXPECT_TRUE(after.recovering());
  EXPECT_EQ(after.worked_off().offset, 1U);
  EXPECT_EQ(after.worked_off().turn, (ports::DuePlace{monday, "m8"}));
}

TEST(Timeline, AMomentIsBeforeTheRecordThoughItsTimeWasJudged) {
  // Given one word of a day far ahead, and a witness of it, with which a recovery begins.
  Timeline before = live_timeline();
  pass(before, time_on(monday));
  EXPECT_FALSE(before.believes(event_of(1, time_on(monday + 900))));
  static_cast<void>(before.passed(1));
  ASSERT_TRUE(before.believes(event_of(2, time_on(monday + 901))));
  const Moment witness = before.moment();
  pass(before, time_on(monday + 901));
  // Then the recovery believes the witness, too.
  Timeline after = timeline_to({3, std::nullopt});
  after.begin(checkpoint_of(before, witness));
  EXPECT_TRUE(after.believes(event_of(2, time_on(monday + 901))));
}

TEST(Timeline, WhatThisMachinesClockRefusedStaysRefusedAndTheRestDoesNot) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  EXPECT_FALSE(before.refused(0, false));
  pass(before, time_on(monday));
  EXPECT_TRUE(before.refused(1, true));
  static_cast<void>(before.passed(1));
  Timeline after = timeline_to({2, std::nullopt});
  const auto checkpoint = checkpoint_of(before, start);
  EXPECT_THAT(checkpoint.refused, ElementsAre(1U));
  after.begin(checkpoint);
  EXPECT_FALSE(after.refused(0, true));  // the clock has gone on since, or back
  EXPECT_TRUE(after.refused(1, false));
  // A checkpoint from behind it need not name it.
  EXPECT_THAT(checkpoint_of(before, before.moment()).refused, ElementsAre());
  EXPECT_EQ(before.refused_count(), 0U);
}

TEST(Timeline, NotesWhatItsRecordsDoNotSayForWhoeverCopiesThem) {
  using Kind = TimelineNote::Kind;
  Timeline timeline = live_timeline();
  timeline.adopt({.version = 1, .fingerprint = 7});
  pass(timeline, time_on(monday));
  pass(timeline, time_on(monday + 1));  // by a record, which says so itself
  timeline.tick(time_on(monday + 5));
  EXPECT_FALSE(timeline.refused(2, false));
  EXPECT_TRUE(timeline.refused(3, true));
  const auto notes = timeline.take_notes();
  EXPECT_THAT(
      notes,
      ElementsAre(TimelineNote{.kind = Kind::opened, .position = 0, .fresh = true},
                  TimelineNote{.kind = Kind::generation,
                               .position = 0,
                               .generation = {.version = 1, .fingerprint = 7}},
                  TimelineNote{.kind = Kind::advance, .position = 2, .time = time_on(monday + 5)},
                  TimelineNote{.kind = Kind::refused, .position = 3}));
  EXPECT_TRUE(timeline.take_notes().empty());
  for (const TimelineNote& note : notes) EXPECT_EQ(timeline_note(to_text(note)), note);
  const TimelineNote later{
      .kind = Kind::generation, .position = 99, .generation = {2, 0xfedcba9876543210, -3, 99}};
  EXPECT_EQ(timeline_note(to_text(later)), later);
  for (const auto* text : {"", "advance", "advance 7", "advance x 7", "moved 7", "refused -1"}) {
    EXPECT_FALSE(timeline_note(text)) << text;
  }
}

TEST(Timeline, WhatARecoveryRepeatsIsNotNotedAgain) {
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(monday));
  before.tick(time_on(monday + 5));
  EXPECT_TRUE(before.refused(1, true));
  EXPECT_FALSE(before.passed(1));
  Timeline after = timeline_to({2, std::nullopt});
  after.begin(checkpoint_of(before, start));
  EXPECT_FALSE(after.passed(0));
  while (after.repeat(1)) {
  }
  EXPECT_TRUE(after.refused(1, false));
  EXPECT_THAT(after.take_notes(),
              ElementsAre(TimelineNote{.kind = TimelineNote::Kind::opened, .position = 2}));
}

TEST(Timeline, ARecordedAdvanceMovesTheClockBehindItsLineAndInARecoveryOnceMore) {
  Timeline timeline = live_timeline();
  const Moment start = timeline.moment();
  pass(timeline, time_on(monday));
  timeline.advanced(1, time_on(monday + 5));
  EXPECT_TRUE(timeline.passed(1));
  timeline.advanced(2, time_on(monday + 3));  // of a log that overlaps
  EXPECT_FALSE(timeline.passed(2));
  EXPECT_EQ(timeline.now(), time_on(monday + 5));
  Timeline after = timeline_to({3, std::nullopt});
  after.begin(checkpoint_of(timeline, start));
  after.accepted(0, time_on(monday));
  EXPECT_TRUE(after.passed(0));
  EXPECT_FALSE(after.repeat(1));
  after.advanced(1, time_on(monday + 5));
  EXPECT_TRUE(after.passed(1));
  EXPECT_EQ(after.now(), time_on(monday + 5));
}

TEST(CommitNote, BringsAPlaceBackWhateverTheMembersIdIs) {
  const std::vector<std::string> ids{"", "m1", "with space", "turn 7 x", {"\0\xff", 2}};
  for (const std::string& id : ids) {
    const CommittedTo to{7, ports::DuePlace{-1, id}};
    EXPECT_EQ(from_note(7, to_note(to)).turn, to.turn);
  }
  EXPECT_EQ(to_note({7, std::nullopt}), "");
}

TEST(CommitNote, OfSomebodyElseMeansAWholeTurn) {
  for (const char* const note : {"", "turn", "turn ", "turn x m1", "turn 5", "other 5 m1"}) {
    EXPECT_EQ(from_note(7, note).turn, std::nullopt) << note;
    EXPECT_EQ(from_note(7, note).offset, 7U);
  }
}

}  // namespace
}  // namespace fealty::runtime

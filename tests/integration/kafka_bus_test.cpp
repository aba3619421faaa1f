#include <gmock/gmock.h>

#include "fealty/base/hash.hpp"
#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> values_of(const std::vector<Message>& messages) {
  std::vector<std::string> out;
  for (const auto& message : messages) out.push_back(message.value);
  return out;
}

OutputBuffer notice(std::string_view member, std::string_view text) {
  OutputBuffer out;
  out.add(streams::notices, 0, member, text);
  return out;
}

void commit(KafkaBus& bus, ports::Offset committed) {
  std::vector<CommitPosition> positions{{.partition = 0, .committed = committed}};
  const auto done = bus.sink().commit(positions);
  ASSERT_TRUE(done) << to_string(done.error());
}

/// What a changelog holds, by key, in order of arrival.
struct Collect : ports::Changelog::Visitor {
  std::vector<std::string> seen;
  Result<void> apply(std::string_view key, std::string_view value) override {
    seen.push_back(std::string{key} + "=" + std::string{value});
    return {};
  }
};

TEST(KafkaBus, RecordsComeInOrderWithTheirHeaders) {
  const auto options = options_for("roundtrip");
  produce(options.input_topic, 0, {"one", "two"}, {{"ce_id", "7"}, {"ce_type", "view"}});
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));

  ports::InputBatch batch;
  std::vector<std::string> seen;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (seen.size() < 2 && std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(bus->source().poll(batch, 10, std::chrono::milliseconds{100}));
    for (const auto& record : batch.records) {
      seen.emplace_back(record.value);
      ASSERT_THAT(record.headers, SizeIs(2));
      EXPECT_EQ(record.headers[0].name, "ce_id");
      EXPECT_EQ(record.headers[1].value, "view");
      EXPECT_GT(record.timestamp_ms, 0);
    }
  }

  EXPECT_THAT(seen, ElementsAre("one", "two"));
  EXPECT_TRUE(worker.owned[0].fresh);
  EXPECT_EQ(bus->source().describe(0, 1), options.input_topic + "[0]@1");
}

TEST(KafkaBus, AnAbortedCommitIsInvisibleAndTheNextOneIsSeenOnce) {
  const auto options = options_for("abort");
  produce(options.input_topic, 0, {"a", "b"});
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() == 2; }));

  // When one commit is dropped and another goes through.
  ASSERT_TRUE(bus->sink().append(notice("anna", "dropped")));
  ASSERT_TRUE(bus->sink().abort());
  ASSERT_TRUE(bus->sink().append(notice("anna", "kept")));
  commit(*bus, 2);

  EXPECT_THAT(values_of(read_all(options.output_prefix + "notices")), ElementsAre("kept"));
}

TEST(KafkaBus, WhatIsAppendedStaysInvisibleUntilItsCommit) {
  const auto options = options_for("uncommitted");
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 1; }));

  ASSERT_TRUE(bus->sink().append(notice("anna", "soon")));
  await_end(options.output_prefix + "notices", 0, 1);
  EXPECT_THAT(read_all(options.output_prefix + "notices", Until::stable), IsEmpty());
  commit(*bus, 0);
  EXPECT_THAT(values_of(read_all(options.output_prefix + "notices")), ElementsAre("soon"));
}

TEST(KafkaBus, AGroupGoesOnAtTheOffsetsOfItsLastCommit) {
  const auto options = options_for("resume");
  produce(options.input_topic, 0, {"a", "b", "c", "d"});
  {
    auto bus = connect(options);
    Recorder worker{*bus};
    ASSERT_TRUE(bus->source().open(worker));
    ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() == 4; }));
    commit(*bus, 3);
    // Appended and never committed: the next holder of the transactional id ends it.
    ASSERT_TRUE(bus->sink().append(notice("anna", "lost")));
  }

  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return !worker.values.empty(); }));

  EXPECT_THAT(worker.values, ElementsAre("d"));
  EXPECT_EQ(worker.owned[0].committed, 3u);
  EXPECT_FALSE(worker.owned[0].fresh);
  EXPECT_THAT(read_all(options.output_prefix + "notices"), IsEmpty());
}

TEST(KafkaBus, ACommitThatChangesNothingMakesNoTransaction) {
  const auto options = options_for("idle");
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 1; }));
  OutputBuffer out;
  out.add(streams::changelog, 0, "c", "1");
  ASSERT_TRUE(bus->sink().append(out));
  commit(*bus, 0);

  // When a successor has fenced it, so that each transaction of its own fails from now on.
  const auto successor = connect(options);
  std::vector<CommitPosition> same{{.partition = 0, .committed = 0}};
  const auto unchanged = bus->sink().commit(same);
  ASSERT_TRUE(unchanged) << to_string(unchanged.error());

  EXPECT_EQ(same[0].changelog_position, 1u);  // still that of the commit that wrote something
  std::vector<CommitPosition> more{{.partition = 0, .committed = 1}};
  EXPECT_EQ(bus->sink().commit(more).error().code, Errc::fenced);
}

TEST(KafkaBus, AWorkerMayReadAgainFromAnEarlierOffset) {
  const auto options = options_for("rewind");
  produce(options.input_topic, 0, {"a", "b", "c"});
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() == 3; }));

  worker.values.clear();
  ASSERT_TRUE(bus->source().start_at(0, 1));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() == 2; }));

  EXPECT_THAT(worker.values, ElementsAre("b", "c"));
}

TEST(KafkaBus, AnInputThatNoLongerReachesBackIsAGapWithBothPositions) {
  const auto options = options_for("gap");
  produce(options.input_topic, 0, {"a", "b", "c"});
  delete_before(options.input_topic, 0, 2);
  auto bus = connect(options);
  Recorder worker{*bus};
  worker.start[0] = 1;
  ASSERT_TRUE(bus->source().open(worker));

  Error error{};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (error.detail.empty() && std::chrono::steady_clock::now() < end) {
    if (auto polled = worker.poll_once(); !polled) error = polled.error();
  }

  EXPECT_EQ(error.code, Errc::input_gap);
  EXPECT_THAT(error.detail, HasSubstr("[0]@1"));
  EXPECT_THAT(error.detail, HasSubstr("holds 2 to 3"));
  EXPECT_THAT(worker.values, IsEmpty());
}

TEST(KafkaChangelog, HoldsCommittedVersionsInOrderAndResumesWhereItStopped) {
  const auto options = options_for("changelog", 2);
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 2; }));
  const auto save = [&](std::string_view key, std::string_view value, ports::Offset committed) {
    OutputBuffer out;
    out.add(streams::changelog, 1, key, value);
    EXPECT_TRUE(bus->sink().append(out));
    std::vector<CommitPosition> positions{{.partition = 1, .committed = committed}};
    EXPECT_TRUE(bus->sink().commit(positions));
    return positions[0].changelog_position;
  };

  // Given two commits with an aborted one between them, and a deletion.
  const auto first = save("m.anna", "1", 0);
  OutputBuffer aborted;
  aborted.add(streams::changelog, 1, "m.anna", "never");
  ASSERT_TRUE(bus->sink().append(aborted));
  ASSERT_TRUE(bus->sink().abort());
  const auto second = save("m.ben", "2", 0);
  const auto third = save("m.anna", "", 0);
  EXPECT_LT(first, second);

  Collect all, rest, other;
  const auto end = ports::read_all(bus->changelog(), 1, 0, all);
  ASSERT_TRUE(end) << to_string(end.error());
  EXPECT_THAT(all.seen, ElementsAre("m.anna=1", "m.ben=2", "m.anna="));
  EXPECT_GE(*end, third);
  ASSERT_TRUE(ports::read_all(bus->changelog(), 1, first, rest));
  EXPECT_THAT(rest.seen, ElementsAre("m.ben=2", "m.anna="));
  const auto empty = ports::read_all(bus->changelog(), 0, 0, other);
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, 0u);
}

TEST(KafkaChangelog, TakesTheVersionOfAMemberWithManyThousandOrders) {
  const auto options = options_for("large");
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 1; }));
  // Given a version of 3 MB that does not compress.
  std::string large;
  for (std::uint64_t i = 0; large.size() < (3U << 20U); ++i) large += std::to_string(mix(i, i));

  OutputBuffer out;
  out.add(streams::changelog, 0, "m.anna", large);
  ASSERT_TRUE(bus->sink().append(out));
  commit(*bus, 0);

  Collect all;
  ASSERT_TRUE(ports::read_all(bus->changelog(), 0, 0, all));
  EXPECT_THAT(all.seen, ElementsAre("m.anna=" + large));
}

TEST(KafkaChangelog, AStoreAheadOfItsChangelogIsAGap) {
  const auto options = options_for("ahead");
  auto bus = connect(options);
  Collect visitor;

  const auto read = ports::read_all(bus->changelog(), 0, 99, visitor);

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::input_gap);
  EXPECT_THAT(read.error().detail, HasSubstr("99"));
}

TEST(KafkaBus, OutputsAreKeyedByMemberAsJavaClientsDo) {
  const auto options = options_for("keys", 4);
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 4; }));
  OutputBuffer out;
  // Java: Utils.toPositive(Utils.murmur2("21")) % 4 and so on; values from its own unit tests.
  for (const auto* key : {"21", "foobar", "abc"}) out.add(streams::notices, 0, key, key);
  ASSERT_TRUE(bus->sink().append(out));
  commit(*bus, 0);

  std::map<std::string, std::int32_t> partition;
  for (const auto& message : read_all(options.output_prefix + "notices")) {
    partition[message.key] = message.partition;
  }

  const auto expected = [](std::int32_t murmur2) { return (murmur2 & 0x7fffffff) % 4; };
  EXPECT_EQ(partition["21"], expected(-973932308));
  EXPECT_EQ(partition["foobar"], expected(-790332482));
  EXPECT_EQ(partition["abc"], expected(479470107));
}

}  // namespace
}  // namespace fealty::kafka::test

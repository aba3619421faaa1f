#include <gmock/gmock.h>

#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::string_view_literals;

TEST(KafkaSource, ARecordComesWithItsKeyAndTheKindOfItsTimestamp) {
  auto options = options_for("key");
  const std::string stamped = options.input_topic + ".stamped";
  create_topic(stamped, 1, {{"message.timestamp.type", "LogAppendTime"}});
  const auto first_of = [&](const std::string& topic, std::size_t count) {
    options.input_topic = topic;
    options.group = unique_name("key");
    auto bus = connect(options);
    Recorder worker{*bus};
    EXPECT_TRUE(bus->source().open(worker));
    struct Seen {
      std::string key;
      bool has_key = false, append_time = false;
    };
    std::vector<Seen> seen;
    ports::InputBatch batch;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (seen.size() < count && std::chrono::steady_clock::now() < end) {
      EXPECT_TRUE(bus->source().poll(batch, 10, std::chrono::milliseconds{100}));
      for (const auto& record : batch.records) {
        seen.push_back({std::string{record.key}, record.key.data() != nullptr, record.append_time});
        EXPECT_GT(record.timestamp_ms, 0);
      }
    }
    return seen;
  };
  produce(options.input_topic, 0, {"1"}, {}, "anna");
  produce(options.input_topic, 0, {"2"}, {}, "");
  produce(options.input_topic, 0, {"3"});
  produce(stamped, 0, {"4"}, {}, "ben");

  const auto created = first_of(options.input_topic, 3);
  const auto appended = first_of(stamped, 1);

  ASSERT_THAT(created, SizeIs(3));
  EXPECT_EQ(created[0].key, "anna");
  EXPECT_TRUE(created[1].has_key);
  EXPECT_EQ(created[1].key, "");
  EXPECT_FALSE(created[2].has_key);
  EXPECT_FALSE(created[0].append_time);
  ASSERT_THAT(appended, SizeIs(1));
  EXPECT_EQ(appended[0].key, "ben");
  EXPECT_TRUE(appended[0].append_time);
}

TEST(KafkaSource, APartitionDeliversNothingBeforeItIsStartedAndOthersGoOn) {
  auto options = options_for("later", 2);
  produce(options.input_topic, 0, {"a", "b"});
  produce(options.input_topic, 1, {"x", "y", "z"});
  auto bus = connect(options);
  Recorder worker{*bus};
  worker.commit_on_revoke = true;
  worker.later = {1};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() >= 2; }));
  // Given that a record made behind those of the other partition is here, too.
  produce(options.input_topic, 0, {"c"});
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() >= 3; }));
  EXPECT_THAT(worker.values, ElementsAre("a", "b", "c"));
  EXPECT_THAT(worker.owned, SizeIs(2));

  worker.values.clear();
  ASSERT_TRUE(bus->source().start_at(1, 1));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() >= 2; }));
  EXPECT_THAT(worker.values, ElementsAre("y", "z"));

  // And when it starts again from elsewhere.
  worker.values.clear();
  ASSERT_TRUE(bus->source().start_at(1, 0));
  ASSERT_TRUE(worker.poll_until([&] { return worker.values.size() >= 3; }));
  EXPECT_THAT(worker.values, ElementsAre("x", "y", "z"));
}

TEST(KafkaSource, APartitionThatNeverStartedIsGivenAwayLikeAnyOther) {
  auto options = options_for("unstarted", 2);
  produce(options.input_topic, 0, {"a"});
  produce(options.input_topic, 1, {"b"});
  auto bus = connect(options);
  Recorder first{*bus};
  first.later = {0, 1};
  ASSERT_TRUE(bus->source().open(first));
  ASSERT_TRUE(first.poll_until([&] { return first.owned.size() == 2; }));

  options.transactional_id = options.group + "-second";
  auto other_bus = connect(options);
  Recorder second{*other_bus};
  ASSERT_TRUE(other_bus->source().open(second));
  ASSERT_TRUE(second.poll_until([&] {
    EXPECT_TRUE(first.poll_once());
    return second.values.size() == 1;
  }));
  EXPECT_EQ(first.revoked, 1u);

  // And one that started after others went, and came back.
  other_bus.reset();
  ASSERT_TRUE(first.poll_until([&] { return first.owned.size() == 2; }));
  for (const std::uint32_t partition : {0, 1}) {
    ASSERT_TRUE(bus->source().start_at(partition, 0));
  }
  ASSERT_TRUE(first.poll_until([&] { return first.values.size() == 2; }));
}

TEST(KafkaSource, ABusyWorkerAnswersItsGroupWithoutTakingARecord) {
  auto options = options_for("busy", 2);
  const std::vector<std::string> many(5'000, "x");
  produce(options.input_topic, 0, many);
  produce(options.input_topic, 1, many);
  auto bus = connect(options);
  Recorder first{*bus};
  first.commit_on_revoke = true;
  ASSERT_TRUE(bus->source().open(first));
  ports::InputBatch batch;
  const auto answer = [&] {
    const auto polled = bus->source().poll(batch, 0, std::chrono::milliseconds{20});
    ASSERT_TRUE(polled) << to_string(polled.error());
    EXPECT_EQ(*polled, ports::Polled::idle);
    EXPECT_THAT(batch.records, IsEmpty());
  };
  const auto end = std::chrono::steady_clock::now() + patience;
  while (first.owned.size() < 2 && std::chrono::steady_clock::now() < end) answer();
  ASSERT_THAT(first.owned, SizeIs(2));

  // When a second worker joins, while so many records wait.
  options.transactional_id = options.group + "-second";
  auto other_bus = connect(options);
  Recorder second{*other_bus};
  ASSERT_TRUE(other_bus->source().open(second));
  ASSERT_TRUE(second.poll_until([&] {
    answer();
    return second.values.size() == many.size();
  }));

  // Then the first still has all of what it kept.
  EXPECT_EQ(first.revoked, 1u);
  ASSERT_TRUE(first.poll_until([&] { return first.values.size() >= many.size(); }));
  EXPECT_THAT(first.values, SizeIs(many.size()));
}

TEST(KafkaSource, ANoteComesBackWithTheOffsetThatItWasCommittedWith) {
  const auto options = options_for("note", 2);
  const std::string note{"100% \0\n\x7f\xc3\xa9 fealty1 \xff"sv};
  {
    auto bus = connect(options);
    Recorder worker{*bus};
    ASSERT_TRUE(bus->source().open(worker));
    ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 2; }));
    EXPECT_EQ(worker.owned[0].note, "");
    std::vector<CommitPosition> positions{{.partition = 0, .committed = 0, .note = "first"}};
    ASSERT_TRUE(bus->sink().commit(positions));
    // The same offset with another note is another commit.
    positions[0].note = note;
    ASSERT_TRUE(bus->sink().commit(positions));
  }
  commit_by_hand(options.group, options.input_topic, 1, 0, "moved by hand");

  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 2; }));

  EXPECT_EQ(worker.owned[0].note, note);
  EXPECT_EQ(worker.owned[1].note, "");
  EXPECT_FALSE(worker.owned[1].fresh);
}

TEST(KafkaSource, APartitionWhoseOffsetIsNotSettledComesLaterAndNobodyWaitsForIt) {
  const auto options = options_for("unsettled");
  produce(options.input_topic, 0, {"a", "b"});
  PendingOffset earlier{options.group, options.input_topic, 0, 1};
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));

  // When nothing is known of it for many polls, each of which comes back.
  for (int polls = 0; polls < 100; ++polls) ASSERT_TRUE(worker.poll_once());
  EXPECT_THAT(worker.owned, IsEmpty());
  earlier.commit();

  ASSERT_TRUE(worker.poll_until([&] { return !worker.values.empty(); }));
  EXPECT_THAT(worker.values, ElementsAre("b"));
  EXPECT_EQ(worker.owned[0].committed, 1u);
}

TEST(KafkaSource, PartitionsOfAWorkerThatStoodStillAreLostAndItCommitsNothing) {
  auto options = options_for("lost");
  options.session_timeout = std::chrono::seconds{1};
  options.poll_interval_max = std::chrono::milliseconds{1'500};
  produce(options.input_topic, 0, {"a", "b"});
  auto bus = connect(options);
  Recorder first{*bus};
  first.commit_on_revoke = true;
  ASSERT_TRUE(bus->source().open(first));
  ASSERT_TRUE(first.poll_until([&] { return first.values.size() == 2; }));
  OutputBuffer out;
  out.add(streams::notices, 0, "anna", "late");
  ASSERT_TRUE(bus->sink().append(out));

  // When it stands still for so long that another one gets them, and commits.
  options.transactional_id = options.group + "-second";
  options.poll_interval_max = patience;
  auto other_bus = connect(options);
  Recorder second{*other_bus};
  ASSERT_TRUE(other_bus->source().open(second));
  ASSERT_TRUE(second.poll_until([&] { return second.values.size() == 2; }));
  std::vector<CommitPosition> theirs{{.partition = 0, .committed = 1, .note = "theirs"}};
  ASSERT_TRUE(other_bus->sink().commit(theirs));

  // Then its own commit is refused, it is told of the loss, and may go on.
  std::vector<CommitPosition> ours{{.partition = 0, .committed = 2}};
  const auto done = bus->sink().commit(ours);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::transaction_aborted) << to_string(done.error());
  ASSERT_TRUE(first.poll_until([&] { return first.lost == 1; }));
  EXPECT_THAT(first.owned, IsEmpty());
  EXPECT_THAT(read_all(options.output_prefix + "notices"), IsEmpty());
  other_bus.reset();
  ASSERT_TRUE(first.poll_until([&] { return first.owned.size() == 1; }));
  EXPECT_EQ(first.owned[0].committed, 1u);
  EXPECT_EQ(first.owned[0].note, "theirs");
}

}  // namespace
}  // namespace fealty::kafka::test

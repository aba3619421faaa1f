#include <gmock/gmock.h>

#include <future>

#include "kafka_harness.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using ports::Stream;
using testing::Contains;
using testing::Field;
using testing::SizeIs;

TEST(KafkaOutage, ACommitWhoseOutcomeIsUnknownIsResolvedNotGuessed) {
  // Given a worker with something to commit, on a broker that stops answering.
  const Broker broker = Broker::own();
  KafkaOptions options;
  options.brokers = broker.bootstrap();
  options.group = options.input_topic = "outage";
  options.transaction_timeout = std::chrono::seconds{20};
  options.commit_timeout = std::chrono::seconds{3};
  create_topic(options.input_topic, 1, broker.bootstrap());
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return worker.owned.size() == 1; }));
  std::vector<CommitPosition> positions{{.partition = 0, .committed = 0}};
  ASSERT_TRUE(bus->sink().commit(positions));
  OutputBuffer out;
  out.add(Stream::notices, 0, "anna", "perhaps");
  ASSERT_TRUE(bus->sink().append(out));
  broker.freeze();

  // When the commit runs out of time before the broker answers again.
  positions[0].committed = 7;
  auto committing = std::async(std::launch::async, [&] { return bus->sink().commit(positions); });
  const auto early = committing.wait_for(options.commit_timeout + std::chrono::seconds{1});
  broker.thaw();
  const auto done = committing.get();

  // Then what it answers is what a reader sees, offsets included.
  EXPECT_EQ(early, std::future_status::timeout);
  ASSERT_TRUE(done || done.error().code == Errc::transaction_aborted) << to_string(done.error());
  EXPECT_THAT(read_all(options.output_prefix + "notices", Until::end, broker.bootstrap()),
              SizeIs(done ? 1 : 0));
  bus.reset();
  auto next_bus = connect(options);
  Recorder next{*next_bus};
  next.start[0] = 0;
  ASSERT_TRUE(next_bus->source().open(next));
  ASSERT_TRUE(next.poll_until([&] { return next.owned.size() == 1; }));
  EXPECT_EQ(next.owned[0].committed, done ? 7u : 0u);

  // And the sink goes on.
  OutputBuffer more;
  more.add(Stream::notices, 0, "anna", "surely");
  ASSERT_TRUE(next_bus->sink().append(more));
  ASSERT_TRUE(next_bus->sink().commit(positions));
  EXPECT_THAT(read_all(options.output_prefix + "notices", Until::end, broker.bootstrap()),
              Contains(Field(&Message::value, "surely")));
}

}  // namespace
}  // namespace fealty::kafka::test

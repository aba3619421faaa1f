// Ingest on a bus of vectors: what goes where, and what becomes of an abort.
#include "fealty/runtime/ingest.hpp"

#include <gmock/gmock.h>

#include <array>
#include <deque>
#include <map>

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr ports::Stream canonical{0}, orders{1}, waiting{2}, deadletters{3};
constexpr std::uint32_t of_orders = 0, of_clicks = 1, of_waiting = 2;

/// Its partitions by number: topics "orders", "clicks" and "waiting", one each.
class Inputs final : public ports::Source {
 public:
  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override {
    started[partition] = from;
    return {};
  }
  Result<ports::Polled> poll(ports::InputBatch&, std::size_t, std::chrono::milliseconds) override {
    return ports::Polled::idle;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override {
    return std::string{place_of(partition).topic} + "[0]@" + std::to_string(offset);
  }
  [[nodiscard]] ports::InputPlace place_of(std::uint32_t partition) const override {
    constexpr std::array<std::string_view, 3> topics{"orders", "clicks", "waiting"};
    return {topics.at(partition), 0};
  }
  std::map<std::uint32_t, ports::Offset> started;
};

/// What the orders topic and the waiting topic hold, committed.
struct Log {
  std::vector<std::pair<std::string, std::string>> records;
};
class LogFeed final : public ports::Feed {
 public:
  explicit LogFeed(const Log& log) : log_{log} {}
  Result<void> open(std::span<const std::uint64_t> positions) override {
    at_[0] = positions.empty() ? 0 : positions[0];
    return {};
  }
  Result<void> aim_at_end(std::optional<std::string_view> key) override {
    if (key) ++asked;
    return {};
  }
  Result<bool> step(Visitor& visitor, std::chrono::milliseconds budget) override {
    if (budget.count() == 0 && lags) return true;
    for (; at_[0] < log_.records.size(); ++at_[0]) {
      const auto& [key, value] = log_.records[at_[0]];
      if (auto visited = visitor.apply(key, value); !visited) return visited.error();
    }
    return true;
  }
  [[nodiscard]] std::span<const std::uint64_t> positions() const override { return at_; }
  int asked = 0;
  bool lags = false;  // gives only what it is waited for

 private:
  const Log& log_;
  std::array<std::uint64_t, 1> at_{};
};
class MemoryTable final : public ports::FeedTable {
 public:
  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto found = entries_.find(std::string{key});
    return found == entries_.end() ? std::optional<std::string>{} : found->second;
  }
  Result<void> apply(std::span<const Change> changes,
                     std::span<const std::uint64_t> positions) override {
    for (const Change& change : changes) entries_[change.key] = change.value;
    positions_.assign(positions.begin(), positions.end());
    return {};
  }
  Result<std::vector<std::uint64_t>> positions() override { return positions_; }

 private:
  std::map<std::string, std::string> entries_;
  std::vector<std::uint64_t> positions_;
};
class LogChangelog final : public ports::Changelog {
 public:
  explicit LogChangelog(const Log& log) : log_{log} {}
  class All final : public Reader {
   public:
    explicit All(const Log& log) : log_{log} {}
    Result<bool> step(Visitor& visitor, std::chrono::milliseconds) override {
      for (; at_ < log_.records.size(); ++at_) {
        const auto& [key, value] = log_.records[at_];
        if (auto visited = visitor.apply(key, value); !visited) return visited.error();
      }
      return true;
    }
    [[nodiscard]] std::uint64_t position() const override { return at_; }

   private:
    const Log& log_;
    std::uint64_t at_ = 0;
  };
  Result<std::unique_ptr<Reader>> open(std::uint32_t, std::uint64_t) override {
    return std::unique_ptr<Reader>{std::make_unique<All>(log_)};
  }

 private:
  const Log& log_;
};

std::string event(std::string_view id, std::string_view type, std::string_view member,
                  std::string_view data) {
  std::string out = R"({"specversion":"1.0","id":")" + std::string{id} +
                    R"(","source":"/s","type":")" + std::string{type} + "\"";
  if (!member.empty()) out += R"(,"subject":")" + std::string{member} + "\"";
  return out + R"(,"time":"2026-01-01T00:00:00Z","data":)" + std::string{data} + "}";
}
std::string bought(std::string_view order, std::string_view member) {
  return event("e-" + std::string{order}, "purchase", member,
               R"({"order_id":")" + std::string{order} + R"(","currency":"USD","total":"1"})");
}
std::string refunded(std::string_view id, std::string_view order) {
  return event(id, "refund", "", R"({"order_id":")" + std::string{order} + "\"}");
}

/// One process over logs that outlive it.
class World : public testing::Test {
 protected:
  World() { begin(); }

  void begin() {
    ingest.reset();
    book.reset();
    feed = std::make_unique<LogFeed>(orders_log);
    book = std::make_unique<OrderBook>(*feed, table);
    EXPECT_TRUE(book->open());
    topology.mappings = {&mapping, &mapping};
    topology.input_of = [](std::string_view topic) -> Result<std::size_t> {
      return topic == "orders" ? std::size_t{0} : std::size_t{1};
    };
    topology.canonical = &mapping;
    topology.waiting_topic = "waiting";
    topology.outputs = {canonical, orders, waiting, deadletters};
    options.clock.wall = [this] { return EventTime{std::chrono::milliseconds{now_ms}}; };
    ingest = std::make_unique<Ingest>(topology, source, changelog, *book, options);
    assign();
  }
  void assign() {
    std::vector<ports::Assignment> given;
    for (const auto number : {of_orders, of_clicks, of_waiting}) {
      given.push_back({.partition = number, .committed = committed[number]});
    }
    EXPECT_TRUE(ingest->assign(given));
    open();
  }
  void open() {
    while (true) {
      const auto left = ingest->open(std::chrono::milliseconds{1});
      ASSERT_TRUE(left);
      if (!*left) return;
    }
  }

  /// Hands over records, each the next of its partition.
  void take(std::uint32_t partition, const std::vector<std::string>& values, bool null = false) {
    DecodedBatch batch;
    for (const std::string& value : values) {
      texts.push_back(value + std::string(codec::padding_bytes, ' '));
      batch.input.records.push_back(
          {.partition = partition,
           .offset = next[partition]++,
           .value = std::string_view{texts.back()}.substr(0, value.size()),
           .headers = {},
           .null = null});
    }
    decode(nullptr, batch);
    const auto done = ingest->process(batch, out);
    ASSERT_TRUE(done && *done);
  }
  void idle() { take(of_orders, {}); }

  /// What the sink does: orders and waiting records are in their logs, and read back from there.
  void commit() {
    std::vector<ports::CommitPosition> positions;
    ingest->prepare({}, out, positions);
    std::vector<std::pair<std::string, std::string>> waits;
    for (const auto& item : out.items()) {
      const std::pair record{std::string{out.key(item)}, std::string{out.value(item)}};
      if (item.stream == orders) orders_log.records.push_back(record);
      if (item.stream == waiting) waiting_log.records.push_back(record);
      if (item.stream == waiting) waits.push_back(record);
      if (item.stream == canonical) sent.push_back(id_of(record.second) + " to " + record.first);
      if (item.stream == deadletters) dead.push_back(record.second);
    }
    out.clear();
    for (const auto& position : positions) committed[position.partition] = position.committed;
    ASSERT_TRUE(ingest->committed(positions));
    for (const auto& [key, value] : waits) read_back(key, value);
  }
  void read_back(const std::string& key, const std::string& value) {
    DecodedBatch batch;
    batch.input.records.push_back({.partition = of_waiting,
                                   .offset = next_waiting++,
                                   .value = value,
                                   .key = key,
                                   .headers = {}});
    decode(nullptr, batch);
    ASSERT_TRUE(ingest->process(batch, out));
  }
  void abort() {
    out.clear();
    ASSERT_TRUE(ingest->restart());
    for (const auto number : {of_orders, of_clicks}) next[number] = committed[number];
    open();
  }

  static std::string id_of(const std::string& text) {
    const auto from = text.find(R"("id":")") + 6;
    return text.substr(from, text.find('"', from) - from);
  }

  codec::Mapping mapping = codec::cloudevents_mapping();
  Inputs source;
  Log orders_log, waiting_log;
  LogChangelog changelog{waiting_log};
  MemoryTable table;
  IngestTopology topology;
  IngestOptions options;
  std::int64_t now_ms = 1'000'000;
  std::unique_ptr<LogFeed> feed;
  std::unique_ptr<OrderBook> book;
  std::unique_ptr<Ingest> ingest;
  ports::OutputBuffer out;
  std::deque<std::string> texts;
  std::map<std::uint32_t, ports::Offset> next, committed;
  ports::Offset next_waiting = 0;
  std::vector<std::string> sent, dead;
};
using Ingesting = World;

TEST_F(Ingesting, SendsEachEventToItsMemberInTheOrderOfItsPartition) {
  take(of_clicks, {event("1", "view", "b", "{}"), event("2", "view", "a", "{}"),
                   event("3", "login", "b", "{}")});
  commit();
  EXPECT_THAT(sent, ElementsAre("1 to b", "2 to a", "3 to b"));
  EXPECT_EQ(committed[of_clicks], 3U);
}

TEST_F(Ingesting, SplitsABatchAndRefusesABadElementAlone) {
  take(of_clicks, {"[" + event("1", "view", "a", "{}") + ", {\"id\": nul}, " +
                       event("2", "view", "b", "{}") + "]",
                   "[]", "[1", event("3", "view", "a", "{}")});
  commit();
  EXPECT_THAT(sent, ElementsAre("1 to a", "2 to b", "3 to a"));
  EXPECT_THAT(dead, ElementsAre(AllOf(HasSubstr("malformed_json"), HasSubstr("clicks[0]@0#1"),
                                      HasSubstr(R"("payload":"{\"id\": nul}")")),
                                AllOf(HasSubstr("malformed_json"), HasSubstr("clicks[0]@2"))));
}

TEST_F(Ingesting, CountsWhatIsNoEventAndRefusesWhatIsABadOne) {
  take(of_orders, {event("1", "newsletter", "a", "{}"), "", "{}"});
  take(of_orders, {""}, true);
  commit();
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(ingest->counters().skipped, 1U);
  EXPECT_EQ(ingest->counters().tombstones, 1U);
  EXPECT_THAT(dead, ElementsAre(HasSubstr("empty_record"), HasSubstr("missing_field")));
}

TEST_F(Ingesting, CountsAndNamesWhatItLeavesOutOfWhatItSendsOn) {
  mapping.strict = false;
  begin();
  testing::internal::CaptureStderr();
  take(of_clicks, {event("1", "login", "a", "{}"), event("2", "login", "a", R"({"channel":["x"]})"),
                   event("3", "login", "a", R"({"channel":7.5})")});
  const std::string logged = testing::internal::GetCapturedStderr();
  commit();
  EXPECT_THAT(sent, ElementsAre("1 to a", "2 to a", "3 to a"));
  EXPECT_EQ(ingest->counters().odd_fields, 2U);
  EXPECT_THAT(logged, AllOf(HasSubstr("event=mapping.odd_field"), HasSubstr("path=data.channel"),
                            HasSubstr("first_at=clicks[0]@1")));
  EXPECT_EQ(logged.find("odd_field"), logged.rfind("odd_field")) << "once a path";
}

TEST_F(Ingesting, RefusesWhatIsTooLargeForTheCanonicalTopic) {
  options.record_bytes_max = 300;
  begin();
  take(of_orders, {event("1", "login", "a", R"({"channel":")" + std::string(300, 'x') + "\"}"),
                   event("2", "login", "a", "{}")});
  commit();
  EXPECT_THAT(sent, ElementsAre("2 to a"));
  EXPECT_THAT(dead, ElementsAre(HasSubstr("record_too_large")));
}

TEST_F(Ingesting, GivesEventsOfASourceThatNamesNoneTheirTopic) {
  std::string plain = event("1", "login", "a", "{}");
  plain.replace(plain.find(R"("source":"/s",)"), 14, "");
  take(of_clicks, {plain});
  EXPECT_THAT(std::string{out.value(out.items()[0])}, HasSubstr(R"("source":"/clicks")"));
}

TEST_F(Ingesting, RoutesARefundThatNamesItsOrderAloneAtOnce) {
  take(of_orders, {bought("o1", "anna"), refunded("r1", "o1"), bought("o1", "anna")});
  commit();
  EXPECT_THAT(sent, ElementsAre("e-o1 to anna", "r1 to anna", "e-o1 to anna"));
  EXPECT_THAT(orders_log.records, ElementsAre(std::pair<std::string, std::string>{"o1", "anna"}));
  take(of_clicks, {refunded("r2", "o1")});  // by now it was read back
  commit();
  EXPECT_EQ(sent.back(), "r2 to anna");
  EXPECT_EQ(book->unread(), 0U);
}

TEST_F(Ingesting, AsksOnceABatchForOrdersThatAnotherHasJustCommitted) {
  feed->lags = true;
  orders_log.records = {{"o1", "anna"}, {"o2", "bert"}};
  take(of_orders, {refunded("r1", "o1"), refunded("r2", "none"), refunded("r3", "nor this")});
  commit();
  EXPECT_THAT(sent, ElementsAre("r1 to anna"));
  EXPECT_EQ(feed->asked, 1);
  EXPECT_EQ(waiting_log.records.size(), 2U);
}

TEST_F(Ingesting, HoldsARefundUntilItsOrderComesAndSendsItOnOnce) {
  take(of_orders, {refunded("r1", "o1"), refunded("r2", "o1"), refunded("r3", "o2")});
  commit();
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(ingest->waiting(), 3U);
  take(of_clicks, {bought("o1", "anna")});
  commit();
  EXPECT_THAT(sent, ElementsAre("e-o1 to anna", "r1 to anna", "r2 to anna"));
  EXPECT_EQ(ingest->waiting(), 1U);
  idle();
  commit();
  EXPECT_EQ(sent.size(), 3U);
}

TEST_F(Ingesting, HoldsItThroughARestartAndAnotherProcessMaySayWhoseItIs) {
  take(of_orders, {refunded("r1", "o1")});
  commit();
  orders_log.records.emplace_back("o1", "anna");
  next_waiting = waiting_log.records.size();
  begin();  // a new life reads both topics
  EXPECT_EQ(ingest->waiting(), 1U);
  EXPECT_EQ(source.started[of_waiting], 1U);
  idle();
  commit();
  EXPECT_THAT(sent, ElementsAre("r1 to anna"));
  next_waiting = waiting_log.records.size();
  begin();
  idle();
  commit();
  EXPECT_EQ(ingest->waiting(), 0U);
  EXPECT_EQ(sent.size(), 1U);
}

TEST_F(Ingesting, TellsItsCommitLoopThatOneWentOnWithoutARecord) {
  take(of_orders, {refunded("r1", "o1")});
  commit();
  EXPECT_FALSE(*ingest->advance());
  orders_log.records.emplace_back("o1", "anna");
  idle();
  EXPECT_TRUE(*ingest->advance());
  EXPECT_FALSE(*ingest->advance());
}

TEST_F(Ingesting, ForgetsWithAnAbortWhatItWasToldInTheTransaction) {
  take(of_orders, {bought("o1", "anna"), refunded("r1", "o2")});
  abort();
  EXPECT_EQ(ingest->waiting(), 0U);
  take(of_clicks, {refunded("r2", "o1")});  // nobody has bought o1 as far as anybody can see
  commit();
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(ingest->waiting(), 1U);
  take(of_orders, {bought("o1", "anna"), refunded("r1", "o2")});
  commit();
  EXPECT_THAT(sent, ElementsAre("e-o1 to anna", "r2 to anna"));
}

TEST_F(Ingesting, AnAbortBringsBackWhatHadBeenSentOn) {
  take(of_orders, {refunded("r1", "o1")});
  commit();
  take(of_orders, {bought("o1", "anna")});
  EXPECT_EQ(ingest->waiting(), 0U);
  abort();
  EXPECT_EQ(ingest->waiting(), 1U);
  take(of_orders, {bought("o1", "anna")});
  commit();
  EXPECT_THAT(sent, ElementsAre("e-o1 to anna", "r1 to anna"));
}

TEST_F(Ingesting, GivesUpWhatWaitedForTooLongAndNamesTheOrder) {
  options.wait = std::chrono::hours{24};
  begin();
  take(of_orders, {refunded("r1", "o1")});
  commit();
  now_ms += std::chrono::milliseconds{options.wait}.count();
  idle();
  commit();
  EXPECT_THAT(dead, IsEmpty());
  ++now_ms;
  idle();
  commit();
  EXPECT_THAT(dead, ElementsAre(AllOf(HasSubstr("unknown_order"), HasSubstr("order o1"),
                                      HasSubstr("24 hours"), HasSubstr("orders[0]@0"))));
  EXPECT_EQ(ingest->waiting(), 0U);
  EXPECT_EQ(waiting_log.records.back().second, "");
}

TEST_F(Ingesting, HoldsOnlySoMany) {
  options.waiting_max = 2;
  begin();
  for (const char* id : {"1", "2", "3"}) {
    take(of_orders, {refunded(id, id)});
    commit();
    ++now_ms;
  }
  commit();
  EXPECT_EQ(ingest->waiting(), 2U);
  EXPECT_THAT(dead, ElementsAre(AllOf(HasSubstr("too_many_parked"), HasSubstr("order 1"))));
}

TEST_F(Ingesting, LeavesAloneWhatIsNotItsAnyMore) {
  take(of_orders, {refunded("r1", "o1")});
  commit();
  const std::array going{of_orders, of_waiting};
  ingest->revoke(going, false);
  take(of_orders, {bought("o1", "anna")});
  commit();
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_EQ(ingest->waiting(), 0U);
}

TEST_F(Ingesting, WantsToCommitWhereItBeginsWhatWasNeverCommitted) {
  const std::array fresh{ports::Assignment{.partition = of_clicks, .committed = 5, .fresh = true}};
  EXPECT_FALSE(ingest->unsaved({}));
  ASSERT_TRUE(ingest->assign(fresh));
  open();
  EXPECT_TRUE(ingest->unsaved({}));
  commit();
  EXPECT_FALSE(ingest->unsaved({}));
  EXPECT_EQ(committed[of_clicks], 5U);
}

}  // namespace
}  // namespace fealty::runtime

#include "fealty/runtime/decoded_input.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <utility>

#include "fealty/codec/mapping.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t batch_records = 7;

/// Views numbered from 0, some batches of them, then the end or an error. Every fifth
/// record is none.
class Numbered final : public ports::Source {
 public:
  Numbered(int batches, std::optional<Error> then) : left_{batches}, then_{std::move(then)} {}
  std::atomic<int> polls = 0;
  std::atomic<bool> two_at_once = false;

  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t, ports::Offset) override { return {}; }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds) override {
    if (polling_.exchange(true)) two_at_once = true;
    auto polled = fill(batch, records_max);
    polling_ = false;
    return polled;
  }
  [[nodiscard]] bool one_clock() const override { return true; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }

 private:
  Result<ports::Polled> fill(ports::InputBatch& batch, std::size_t records_max) {
    batch.clear();
    if (left_ == 0 && then_) return *then_;
    ++polls;
    if (left_ == 0) return ports::Polled::ended;
    --left_;
    for (std::size_t i = 0; i < records_max; ++i, ++next_) {
      const std::string number = std::to_string(next_);
      const std::string line =
          next_ % 5 == 4 ? "no event"
                         : R"({"specversion":"1.0","type":"view","source":"/shop","subject":"m)" +
                               number + R"(","id":")" + number +
                               R"(","time":"2025-01-01T00:00:00Z","data":{"sku":"s"}})";
      const std::string_view padded =
          batch.arena.copy(std::string_view{line + std::string(codec::padding_bytes, '\0')});
      batch.records.push_back(
          {.offset = next_, .value = padded.substr(0, line.size()), .headers = {}});
    }
    return ports::Polled::records;
  }

  int left_;
  const std::optional<Error> then_;
  ports::Offset next_ = 0;
  std::atomic<bool> polling_ = false;
};

class DecodedInputOf : public testing::TestWithParam<std::uint32_t> {
 protected:
  DecodedInput input(Numbered& source) {
    DecodedInputOptions options;
    options.records_max = batch_records;
    options.threads = GetParam();
    options.ahead_records = 5 * batch_records;
    return DecodedInput{source, [this] { return std::make_unique<codec::Decoder>(mapping_); },
                        options};
  }

 private:
  const codec::Mapping mapping_ = codec::cloudevents_mapping();
};

INSTANTIATE_TEST_SUITE_P(Threads, DecodedInputOf, testing::Values(0U, 1U, 2U, 5U));

TEST_P(DecodedInputOf, DeliversEveryRecordDecodedInTheOrderOfTheSource) {
  constexpr int batches = 200;
  Numbered source{batches, std::nullopt};
  auto decoded = input(source);
  ports::Offset next = 0;
  while (true) {
    const auto batch = decoded.next(DecodedInput::Wait::yes);
    ASSERT_TRUE(batch.has_value());
    if ((*batch)->polled == ports::Polled::ended) break;
    ASSERT_EQ((*batch)->records.size(), batch_records);
    for (const DecodedRecord& record : (*batch)->records) {
      ASSERT_EQ(record.raw->offset, next);
      ASSERT_EQ(record.decoded, next % 5 != 4);
      if (record.decoded) {
        ASSERT_EQ(record.event.member, "m" + std::to_string(next));
      }
      ++next;
    }
  }
  EXPECT_EQ(next, batches * batch_records);
  EXPECT_FALSE(source.two_at_once);
}

TEST_P(DecodedInputOf, TellsOfAnErrorBehindAllThatCameBeforeIt) {
  Numbered source{20, Error{Errc::input_corrupt, "log", "torn"}};
  auto decoded = input(source);
  int delivered = 0;
  auto batch = decoded.next(DecodedInput::Wait::yes);
  for (; batch; batch = decoded.next(DecodedInput::Wait::yes)) {
    ASSERT_EQ((*batch)->records.front().raw->offset, delivered * batch_records);
    ++delivered;
  }
  EXPECT_EQ(delivered, 20);
  EXPECT_EQ(batch.error().code, Errc::input_corrupt);
}

TEST_P(DecodedInputOf, NeverReadsFurtherAheadThanItsBatches) {
  constexpr int ahead_max = 8;  // with five threads, one batch each and three more
  Numbered source{100, std::nullopt};
  auto decoded = input(source);
  for (int taken = 1; taken <= 100; ++taken) {
    ASSERT_TRUE(decoded.next(DecodedInput::Wait::yes).has_value());
    ASSERT_LE(source.polls, taken - 1 + ahead_max);
  }
}

TEST_P(DecodedInputOf, EndsWhileMuchIsLeftThatNobodyTakes) {
  Numbered source{1'000'000, std::nullopt};
  {
    auto decoded = input(source);
    ASSERT_TRUE(decoded.next(DecodedInput::Wait::yes).has_value());
  }
  EXPECT_LT(source.polls, 20);
}

}  // namespace
}  // namespace fealty::runtime

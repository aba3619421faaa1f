#include "commit_mark.hpp"

#include <gmock/gmock.h>

#include <array>

#include "fealty/ports/output.hpp"

namespace fealty::kafka {
namespace {

std::string every_byte() {
  std::string out;
  for (int byte = 0; byte < 256; ++byte) out += static_cast<char>(byte);
  return out;
}

TEST(CommitMark, ANoteOfAnyBytesComesBackAndTheMetadataIsPrintable) {
  for (const std::string& note :
       {std::string{}, std::string{"day=2024-02-29 page=7"}, std::string{" %41 "}, every_byte()}) {
    const std::string metadata = to_metadata({"token-1", note});
    for (const char c : metadata) EXPECT_TRUE(c >= ' ' && c <= '~');
    const auto parsed = parse_metadata(metadata);
    ASSERT_TRUE(parsed) << metadata;
    EXPECT_EQ(parsed->token, "token-1");
    EXPECT_EQ(parsed->note, note);
  }
}

TEST(CommitMark, TheLongestNoteFitsWhatABrokerTakesByDefault) {
  constexpr std::size_t offset_metadata_max_bytes = 4096;
  const std::string token(16 + 1 + 20, 'f');
  EXPECT_LE(to_metadata({token, std::string(ports::note_bytes_max, '\0')}).size(),
            offset_metadata_max_bytes);
}

TEST(CommitMark, ForeignMetadataIsNoneOfOurs) {
  for (const std::string_view metadata :
       {"", "by hand", "0123456789abcdef-7", "fealty1", "fealty1 ", "fealty1  note",
        "fealty1 token", "fealty2 token note", "fealty1 token a b", "fealty1 token %4",
        "fealty1 token %zz", "fealty1 token \n"}) {
    EXPECT_FALSE(parse_metadata(metadata)) << metadata;
  }
}

class Outcome : public testing::Test {
 protected:
  static constexpr auto unstable = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
  const std::string ours_ = to_metadata({"a-2", "note"});
  const std::string earlier_ = to_metadata({"a-1", "note"});
  const CommittedAnswer ours{.metadata = ours_}, earlier{.metadata = earlier_}, none{},
      failed{.error = unstable}, failed_with_ours{.error = unstable, .metadata = ours_};

  template <class... Answers>
  static CommitOutcome of(const Answers&... answers) {
    const std::array<CommittedAnswer, sizeof...(answers)> all{answers...};
    return outcome_of(all, "a-2");
  }
};

TEST_F(Outcome, OnePartitionWithTheTokenSaysThatAllWasCommitted) {
  EXPECT_EQ(of(ours), CommitOutcome::committed);
  EXPECT_EQ(of(ours, ours), CommitOutcome::committed);
  // The others went to somebody who has committed since, or do not answer now.
  EXPECT_EQ(of(earlier, ours), CommitOutcome::committed);
  EXPECT_EQ(of(failed, ours), CommitOutcome::committed);
}

TEST_F(Outcome, OnlyAnswersFromAllOfThemSayThatNothingWas) {
  EXPECT_EQ(of(earlier), CommitOutcome::not_committed);
  EXPECT_EQ(of(none, earlier), CommitOutcome::not_committed);
}

TEST_F(Outcome, AnErrorIsNoAnswer) {
  EXPECT_EQ(of(failed), CommitOutcome::unknown);
  EXPECT_EQ(of(earlier, failed), CommitOutcome::unknown);
  EXPECT_EQ(of(failed, none), CommitOutcome::unknown);
  EXPECT_EQ(of(failed_with_ours), CommitOutcome::unknown);
  EXPECT_EQ(outcome_of({}, "a-2"), CommitOutcome::unknown);
}

TEST_F(Outcome, ATokenInANoteOrInForeignMetadataIsNotTheToken) {
  const std::string note = to_metadata({"a-1", "a-2"});
  EXPECT_EQ(of(CommittedAnswer{.metadata = note}), CommitOutcome::not_committed);
  EXPECT_EQ(of(CommittedAnswer{.metadata = "a-2"}), CommitOutcome::not_committed);
}

}  // namespace
}  // namespace fealty::kafka

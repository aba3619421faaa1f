#include <gmock/gmock.h>

#include "fealty/files/atomic_file.hpp"
#include "support.hpp"
#include "unit/streams.hpp"

namespace fealty::files::test {
namespace {

using ::testing::HasSubstr;

/// A run in small: each record becomes a ledger line; what lies before the last commit is read
/// again from recover_from on, as a recovery does, but not written again.
struct SmallRun {
  std::vector<std::string> logs;
  std::string out;
  std::uint32_t partitions = 2;
  std::size_t records_max = 7;
  Offset commit_every = 50;
  Offset recover_behind = 30;
  std::uint32_t skip_lines = 0;

  Result<void> commit(FileSink& sink, Offset committed, Offset recover_from) const {
    std::vector<ports::CommitPosition> positions;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      ports::CommitPosition& position = positions.emplace_back();
      position.partition = p;
      position.committed = committed;
      position.recover_from = recover_from + std::min<Offset>(p, committed - recover_from);
    }
    return sink.commit(positions);
  }

  /// Runs until the end or until `commits_max` commits were made; then crashes, with more appended.
  Result<bool> operator()(int commits_max) const {
    InputIndex index;
    auto sink = FileSink::open(
        {.dir = out, .streams = streams::table, .partitions = partitions, .durable = false}, index);
    if (!sink) return sink.error();
    const Manifest start = (*sink)->manifest();
    FileSource source{
        {.logs = logs, .partitions = partitions, .skip_lines = skip_lines}, start, index};
    Listener listener;
    listener.source = &source;
    listener.from = start.partitions[0].recover_from;
    if (auto opened = source.open(listener); !opened) return opened.error();

    Offset committed = start.partitions[0].committed;
    Offset expected = *listener.from;
    ports::InputBatch batch;
    ports::OutputBuffer buffer;
    for (int commits = 0;;) {
      auto polled = source.poll(batch, records_max, std::chrono::milliseconds{100});
      if (!polled) return polled.error();
      buffer.clear();
      for (const auto& record : batch.records) {
        EXPECT_EQ(record.offset, expected++);
        if (record.offset < committed) continue;
        buffer.add(streams::ledger, 0, "",
                   std::to_string(record.offset) + " " + std::string{record.value} + " " +
                       source.describe(0, record.offset));
      }
      if (auto appended = (*sink)->append(buffer); !appended) return appended.error();
      const bool ended = *polled == ports::Polled::ended;
      if (ended || expected >= committed + commit_every) {
        if (commits++ == commits_max) return false;
        committed = std::max(expected, committed);
        const Offset behind = ended ? 0 : std::min(recover_behind, committed);
        if (auto ok = commit(**sink, committed, committed - behind); !ok) return ok.error();
      }
      if (!ended) continue;
      if (auto done = (*sink)->complete(); !done) return done.error();
      return true;
    }
  }
};

class Continue : public ::testing::Test {
 protected:
  TempDir dir;
  std::vector<std::string> logs = {
      dir.write("a", numbered_lines(333, "a")), dir.write("b.gz", gzip(numbered_lines(222, "b"))),
      dir.write("empty", ""),
      dir.write("c.zst", zstd(numbered_lines(111, "c")) + zstd(numbered_lines(222, "d"))),
      dir.write("e", numbered_lines(100, "e") + "end")};

  Error refused(const std::vector<std::string>& now) const {
    const auto again = SmallRun{.logs = now, .out = dir / "out"}(1000);
    return again ? Error{Errc::usage, {}, "it was not refused"} : again.error();
  }
};

TEST_F(Continue, ARunKilledAfterAnyCommitGivesTheSameBytes) {
  for (const std::uint32_t skip_lines : {0U, 1U}) {
    const SmallRun whole{.logs = logs, .out = dir / "whole", .skip_lines = skip_lines};
    std::filesystem::remove_all(whole.out);
    ASSERT_TRUE(*whole(1000));
    const std::string expected = slurp(whole.out + "/ledger.ndjson");
    ASSERT_GT(expected.size(), 10'000U);

    for (int kill_after = 0; kill_after < 22; ++kill_after) {
      const SmallRun run{.logs = logs, .out = dir / "killed", .skip_lines = skip_lines};
      std::filesystem::remove_all(run.out);
      const auto killed = run(kill_after);
      ASSERT_TRUE(killed) << to_string(killed.error());
      const auto finished = run(1000);
      ASSERT_TRUE(finished) << to_string(finished.error());
      EXPECT_EQ(slurp(run.out + "/ledger.ndjson"), expected) << kill_after;
    }
  }
}

TEST_F(Continue, ARunKilledAfterEachCommitGivesTheSameBytesWithAnyBatchSize) {
  const SmallRun whole{.logs = logs, .out = dir / "whole"};
  ASSERT_TRUE(*whole(1000));
  for (const std::size_t records_max : {std::size_t{1}, std::size_t{64}, std::size_t{10'000}}) {
    const SmallRun run{.logs = logs, .out = dir / "killed", .records_max = records_max};
    std::filesystem::remove_all(run.out);
    int runs = 0;
    while (!*run(1)) ASSERT_LT(++runs, 100);
    EXPECT_EQ(slurp(run.out + "/ledger.ndjson"), slurp(whole.out + "/ledger.ndjson"));
  }
}

TEST_F(Continue, AFinishedRunGoesOnWhereItsLastLogHasGrownOrOthersFollow) {
  logs.pop_back();
  logs.push_back(dir.write("e", "e0\n"));
  ASSERT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
  dir.write("e", "e0\ne1\n");
  logs.push_back(dir.write("f", "f0\n"));
  ASSERT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
  ASSERT_TRUE(*SmallRun({.logs = logs, .out = dir / "whole"})(1000));
  EXPECT_EQ(slurp(dir / "out/ledger.ndjson"), slurp(dir / "whole/ledger.ndjson"));
}

TEST_F(Continue, OtherLogsAreRefused) {
  ASSERT_FALSE(*SmallRun({.logs = logs, .out = dir / "out"})(15));

  auto swapped = logs;
  std::swap(swapped[0], swapped[1]);
  EXPECT_EQ(refused(swapped).code, Errc::wrong_input);
  EXPECT_THAT(refused(swapped).detail,
              HasSubstr(logs[1] + ": holds 222 records, but 333 were read from it before (then " +
                        logs[0]));

  EXPECT_EQ(refused({logs[0]}).code, Errc::wrong_input);
  EXPECT_THAT(refused({logs[0]}).detail, HasSubstr(logs[1] + ": was read before"));
}

TEST_F(Continue, ALogIsKnownByItsContentWhateverItsNameAndItsPacking) {
  ASSERT_FALSE(*SmallRun({.logs = logs, .out = dir / "out"})(15));
  // Given names that changed, a copy, and one that is packed now.
  std::filesystem::rename(logs[0], dir / "renamed");
  std::filesystem::copy_file(logs[3], dir / "copied");
  logs = {dir.write("packed.zst", zstd(slurp(dir / "renamed"))), logs[1], logs[2], dir / "copied",
          logs[4]};
  EXPECT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
}

TEST_F(Continue, AnyByteThatWasReadMatters) {
  const std::string text = numbered_lines(20'000, "some line or other ");
  const auto log = dir.write("large", text);
  const SmallRun run{.logs = {log}, .out = dir / "out", .commit_every = 5000};
  ASSERT_FALSE(*run(3));
  const auto committed = (**load_manifest(dir / "out")).partitions[0].committed;
  ASSERT_GT(committed, 15'000U);
  std::size_t end = 0;
  for (Offset i = 0; i < committed; ++i) end = text.find('\n', end) + 1;
  for (const std::size_t at : {std::size_t{0}, std::size_t{70'000}, end / 2, end - 2}) {
    std::string other = text;
    other[at] ^= 1;
    dir.write("large", other);
    EXPECT_EQ(refused({log}).code, Errc::wrong_input) << at;
    EXPECT_THAT(refused({log}).detail, HasSubstr("other content")) << at;
  }
  // What was not yet read may be anything.
  std::string other = text;
  other[end + 5] ^= 1;
  dir.write("large", other);
  EXPECT_TRUE(*run(1000));
}

TEST_F(Continue, ALogWithOtherContentOrLengthIsRefused) {
  ASSERT_FALSE(*SmallRun({.logs = logs, .out = dir / "out"})(15));
  const std::string before = slurp(logs[0]);

  dir.write("a", "A" + before.substr(1));
  EXPECT_EQ(refused(logs).code, Errc::wrong_input);
  EXPECT_THAT(refused(logs).detail, HasSubstr(logs[0] + ": has other content"));

  dir.write("a", before.substr(0, 10));
  EXPECT_EQ(refused(logs).code, Errc::wrong_input);
  EXPECT_THAT(refused(logs).detail, HasSubstr(logs[0]));

  dir.write("a", before + "late\n");
  EXPECT_EQ(refused(logs).code, Errc::wrong_input);
  EXPECT_THAT(refused(logs).detail, HasSubstr(logs[0] + ": has grown"));

  dir.write("a", before);
  EXPECT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
}

TEST_F(Continue, AnUnterminatedLineThatWasCommittedMustNotGrow) {
  ASSERT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
  dir.write("e", slurp(logs.back()) + " of the line\n");
  EXPECT_EQ(refused(logs).code, Errc::wrong_input);
  EXPECT_THAT(refused(logs).detail, HasSubstr("last line"));
}

TEST_F(Continue, FewerRecordsThanWereCommittedAreAGap) {
  InputIndex index;
  FileSource source{{.logs = logs}, Manifest{}, index};
  const auto reading = read_to_end(source, 1000, 5000);
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, Errc::input_gap);
  EXPECT_THAT(reading.error->detail, HasSubstr("989 records"));
}

TEST_F(Continue, AStateOlderThanTheManifestReadsFromItsOwnPosition) {
  ASSERT_TRUE(*SmallRun({.logs = logs, .out = dir / "out"})(1000));
  InputIndex index;
  FileSource source{{.logs = logs}, (**load_manifest(dir / "out")), index};
  const auto reading = read_to_end(source, 1000, 340);
  EXPECT_FALSE(reading.error);
  ASSERT_EQ(reading.lines.size(), 989U - 340U);
  EXPECT_EQ(reading.lines.front(), (Line{340, "b7"}));
}

}  // namespace
}  // namespace fealty::files::test

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "fealty/files/atomic_file.hpp"
#include "support.hpp"
#include "unit/streams.hpp"

namespace fealty::files::test {
namespace {

using ports::Stream;
using ::testing::HasSubstr;

ports::OutputBuffer output(Stream stream, std::string_view text) {
  ports::OutputBuffer out;
  out.add(stream, 0, "key", text);
  return out;
}

Result<void> commit(FileSink& sink, Offset committed, Offset recover_from = 0) {
  ports::CommitPosition position{0, committed, recover_from};
  return sink.commit({&position, 1});
}

TEST(FileSink, WritesEachStreamToItsFileOneRecordALine) {
  const TempDir dir;
  InputIndex index;
  auto sink = FileSink::open({.dir = dir / "out", .streams = streams::table}, index);
  ASSERT_TRUE(sink) << to_string(sink.error());
  ports::OutputBuffer out;
  out.add(streams::notices, 0, "anna", "n1");
  out.add(streams::ledger, 0, "anna", "l1");
  out.add(streams::members, 0, "anna", "m1");
  out.add(streams::changelog, 0, "anna", "c1");
  out.add(streams::notices, 0, "ben", "n2");
  out.add(streams::deadletters, 0, "", "d1");
  ASSERT_TRUE((*sink)->append(out));
  ASSERT_TRUE(commit(**sink, 4));
  EXPECT_EQ(slurp(dir / "out/notices.ndjson"), "n1\nn2\n");
  EXPECT_EQ(slurp(dir / "out/ledger.ndjson"), "l1\n");
  EXPECT_EQ(slurp(dir / "out/deadletters.ndjson"), "d1\n");
}

TEST(FileSink, AbortDropsWhatWasNotCommitted) {
  const TempDir dir;
  InputIndex index;
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "kept")));
  ASSERT_TRUE(commit(**sink, 1));
  // Given more than is ever buffered.
  ASSERT_TRUE((*sink)->append(output(streams::ledger, std::string(3'000'000, 'x'))));
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "dropped")));
  ASSERT_TRUE((*sink)->abort());
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), "kept\n");
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "next")));
  ASSERT_TRUE(commit(**sink, 2));
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), "kept\nnext\n");
}

TEST(FileSink, KeepsEveryByteThroughCommitsAbortsAndRunsOfAnySize) {
  const TempDir dir;
  InputIndex index;
  std::string committed;
  std::uint64_t random = 1;
  const auto below = [&random](std::uint64_t bound) { return (random = mix(random, 7)) % bound; };
  auto sink = *FileSink::open(
      {.dir = dir.path(), .run = {.program_id = "p"}, .streams = streams::table}, index);
  for (int step = 0; step < 60; ++step) {
    // Given lines that fill no block, one, or several.
    std::string fresh;
    for (std::uint64_t lines = below(4); lines > 0; --lines) {
      const std::string line(below(below(3) == 0 ? 2'500'000 : 5'000),
                             static_cast<char>('a' + step % 26));
      ASSERT_TRUE(sink->append(output(streams::ledger, line)));
      fresh += line + "\n";
    }
    // When they are committed, dropped, or lost with the process.
    switch (below(4)) {
      case 0:
        ASSERT_TRUE(sink->abort());
        break;
      case 1:
        sink.reset();
        sink = *FileSink::open(
            {.dir = dir.path(), .run = {.program_id = "p"}, .streams = streams::table}, index);
        break;
      default:
        ASSERT_TRUE(commit(*sink, static_cast<Offset>(step)));
        committed += fresh;
        break;
    }
    // Then the file holds what was committed, and its sum is that of the file.
    ASSERT_EQ(slurp(dir / "ledger.ndjson").substr(0, committed.size()), committed) << step;
  }
  ASSERT_TRUE(commit(*sink, 60));
  ASSERT_GT(committed.size(), 10'000'000U);
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), committed);
  const auto summed = sink->sha256();
  ASSERT_TRUE(summed);
  EXPECT_EQ(summed->at(1).second, *sha256_file(dir / "ledger.ndjson"));
}

TEST(FileSink, SumsAFileAsItIsWritten) {
  const TempDir dir;
  InputIndex index;
  auto sink = *FileSink::open(
      {.dir = dir.path(), .run = {.program_id = "p"}, .streams = streams::table}, index);
  for (int i = 0; i < 300; ++i) {
    const std::string line(10'007, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(sink->append(output(streams::notices, line)));
    if (i % 70 == 0) {
      ASSERT_TRUE(commit(*sink, static_cast<Offset>(i)));
    }
  }
  ASSERT_TRUE(commit(*sink, 300));
  EXPECT_EQ(sink->sha256()->at(0).second, *sha256_file(dir / "notices.ndjson"));
}

TEST(FileSink, ALaterRunCutsOffWhatACrashLeftBehind) {
  const TempDir dir;
  InputIndex index;
  {
    auto sink = FileSink::open(
        {.dir = dir.path(), .run = {.program_id = "p"}, .streams = streams::table}, index);
    ASSERT_TRUE((*sink)->append(output(streams::notices, "kept")));
    ASSERT_TRUE(commit(**sink, 7, 3));
    ASSERT_TRUE((*sink)->append(output(streams::notices, std::string(3'000'000, 'x'))));
  }  // A crash: no commit.
  ASSERT_GT(slurp(dir / "notices.ndjson").size(), 5U);

  auto sink = FileSink::open(
      {.dir = dir.path(), .run = {.program_id = "p"}, .streams = streams::table}, index);
  ASSERT_TRUE(sink);
  EXPECT_EQ(slurp(dir / "notices.ndjson"), "kept\n");
  EXPECT_EQ((*sink)->manifest().partitions.at(0), (PartitionPosition{0, 7, 3, {}}));
  EXPECT_FALSE((*sink)->manifest().complete);
}

TEST(FileSink, ACrashBeforeTheFirstCommitCanBeGoneOnFrom) {
  const TempDir dir;
  InputIndex index;
  {
    auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
    ASSERT_TRUE((*sink)->append(output(streams::notices, std::string(3'000'000, 'x'))));
  }
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_TRUE(sink) << to_string(sink.error());
  EXPECT_EQ(slurp(dir / "notices.ndjson"), "");
}

TEST(FileSink, AFinishedRunSaysSo) {
  const TempDir dir;
  InputIndex index;
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_TRUE((*sink)->append(output(streams::notices, "n")));
  ASSERT_TRUE(commit(**sink, 1));
  EXPECT_FALSE((**load_manifest(dir.path())).complete);
  ASSERT_TRUE((*sink)->complete());
  EXPECT_TRUE((**load_manifest(dir.path())).complete);
}

TEST(FileSink, ADirectoryInUseIsRefused) {
  const TempDir dir;
  InputIndex index;
  const auto first = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  const auto second =
      FileSink::open({.dir = dir.path(), .streams = streams::table, .overwrite = true}, index);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::state_in_use);
  EXPECT_THAT(second.error().detail, HasSubstr(dir.path()));
}

TEST(FileSink, FilesOfUnknownOriginAreNotOverwrittenUnlessAskedTo) {
  const TempDir dir;
  dir.write("ledger.ndjson", "precious\n");
  InputIndex index;
  const auto refused = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::usage);
  EXPECT_THAT(refused.error().detail, HasSubstr("ledger.ndjson"));
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), "precious\n");

  ASSERT_TRUE(
      FileSink::open({.dir = dir.path(), .streams = streams::table, .overwrite = true}, index));
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), "");
}

TEST(FileSink, ARunOfAnotherProgramOrWithOtherPartitionsIsRefused) {
  const TempDir dir;
  InputIndex index;
  {
    ASSERT_TRUE(FileSink::open(
        {.dir = dir.path(), .run = {.program_id = "gold"}, .streams = streams::table}, index));
  }
  const auto other = FileSink::open(
      {.dir = dir.path(), .run = {.program_id = "silver"}, .streams = streams::table}, index);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::wrong_program);
  const auto more = FileSink::open({.dir = dir.path(),
                                    .run = {.program_id = "gold"},
                                    .streams = streams::table,
                                    .partitions = 3},
                                   index);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::usage);
}

TEST(FileSink, ARunOfOtherGenerationsOrAnotherMappingIsRefusedAndUntouched) {
  const TempDir dir;
  InputIndex index;
  const RunIdentity begun{.program_id = "p",
                          .program_version = "1,2",
                          .generations = {11, 22},
                          .mapping = "flat",
                          .mapping_fingerprint = 7};
  const auto open = [&](const RunIdentity& run) {
    return FileSink::open({.dir = dir.path(), .run = run, .streams = streams::table}, index);
  };
  ASSERT_TRUE(open(begun));
  const std::string before = slurp(dir / "manifest.json");
  // When a generation changed or is missing, or the mapping changed, then it is another run.
  for (const std::vector<std::uint64_t>& generations :
       {std::vector<std::uint64_t>{11}, {11, 23}, {12, 22}, {}}) {
    RunIdentity other = begun;
    other.generations = generations;
    ASSERT_FALSE(open(other));
    EXPECT_EQ(open(other).error().code, Errc::wrong_program);
  }
  RunIdentity other = begun;
  other.mapping_fingerprint = 8;
  ASSERT_FALSE(open(other));
  EXPECT_EQ(open(other).error().code, Errc::wrong_input);
  EXPECT_EQ(slurp(dir / "manifest.json"), before);
  // A mapping by another name and a further generation are the same run.
  other = begun;
  other.mapping = "elsewhere/flat.yaml";
  other.generations.push_back(33);
  EXPECT_TRUE(open(other));
}

TEST(FileSink, CountsAreThoseOfTheLastCommit) {
  const TempDir dir;
  InputIndex index;
  {
    auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
    (*sink)->count({{"events", 3}});
    ASSERT_TRUE(commit(**sink, 3));
    (*sink)->count({{"events", 5}});
  }  // A crash.
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  EXPECT_EQ((*sink)->manifest().counts, (std::vector<Count>{{"events", 3}}));
  ASSERT_TRUE(commit(**sink, 3));
  EXPECT_EQ((*sink)->manifest().counts, (std::vector<Count>{{"events", 3}}));
}

TEST(FileSink, WithdrawnBeforeItsFirstCommitARunLeavesNothing) {
  const TempDir dir;
  InputIndex index;
  {
    auto sink = FileSink::open({.dir = dir / "new", .streams = streams::table}, index);
    ASSERT_TRUE((*sink)->append(output(streams::ledger, "never seen")));
    (*sink)->withdraw();
  }
  EXPECT_FALSE(std::filesystem::exists(dir / "new"));
  auto sink = FileSink::open({.dir = dir / "new", .streams = streams::table}, index);
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "kept")));
  ASSERT_TRUE(commit(**sink, 1));
  (*sink)->withdraw();
  EXPECT_EQ(slurp(dir / "new/ledger.ndjson"), "kept\n");
}

TEST(FileSink, OutputsShorterThanCommittedAreDamage) {
  const TempDir dir;
  InputIndex index;
  {
    auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
    ASSERT_TRUE((*sink)->append(output(streams::ledger, "twelve bytes")));
    ASSERT_TRUE(commit(**sink, 1));
  }
  std::filesystem::resize_file(dir / "ledger.ndjson", 5);
  const auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, Errc::store_corrupt);
  EXPECT_THAT(sink.error().detail, HasSubstr("ledger.ndjson: has 5 bytes, but 13"));
}

TEST(FileSink, AFullDiskIsNamed) {
  const TempDir dir;
  std::filesystem::create_symlink("/dev/full", dir / "notices.ndjson");
  InputIndex index;
  ASSERT_TRUE(save_manifest(dir.path(), Manifest{.partitions = {{0, 0, 0, {}}}}, false));
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_TRUE(sink) << to_string(sink.error());
  ASSERT_TRUE((*sink)->append(output(streams::notices, "n")));
  const auto committed = commit(**sink, 1);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, Errc::output_unwritable);
  EXPECT_THAT(committed.error().detail, HasSubstr("notices.ndjson: No space left on device"));
}

TEST(FileSink, AWriteThatFailsHalfwayLeavesTheLastCommit) {
  const TempDir dir;
  InputIndex index;
  auto sink = FileSink::open({.dir = dir.path(), .streams = streams::table}, index);
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "kept")));
  ASSERT_TRUE(commit(**sink, 1));

  // Given a limit that the next write runs into.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small{.rlim_cur = 1'500'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto appended = (*sink)->append(output(streams::ledger, std::string(3'000'000, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &before);

  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, Errc::output_unwritable);
  ASSERT_TRUE((*sink)->abort());
  ASSERT_TRUE((*sink)->append(output(streams::ledger, "next")));
  ASSERT_TRUE(commit(**sink, 2));
  EXPECT_EQ(slurp(dir / "ledger.ndjson"), "kept\nnext\n");
}

TEST(Manifest, IsTheSameAfterAWayThroughJson) {
  Manifest manifest{
      .complete = true,
      .run = {.program_id = "p\"\n",
              .program_version = "7,8",
              .generations = {7, ~0ULL},
              .mapping = "my/map.yaml",
              .mapping_fingerprint = 5,
              .core_revision = 3},
      .key = ~7ULL,
      .partitions = {{0, 12, 10, {}}, {1, 12, 3, "turn 7 \"m\n"}},
      .outputs = {{"notices.ndjson", 1}, {"ledger.ndjson", 22}, {"deadletters.ndjson", 333}},
      .counts = {{"events", 12}, {"points_issued", -3}}};
  manifest.inputs.push_back({"a b.gz", {1, 2, 3, 4}, 0, 500, 10, ~0ULL, true, true});
  manifest.inputs.push_back({"-", {}, 500});
  const auto again = manifest_from_json(to_json(manifest));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, manifest);
}

TEST(Manifest, DamagedOnesAndThoseOfOtherReleasesAreRefused) {
  for (const std::string_view bad : {"", "{", "[]", "{}", "7", R"({"manifest": "1"})"}) {
    EXPECT_FALSE(manifest_from_json(bad)) << bad;
  }
  for (const std::string_view other : {R"({"manifest": 1})", R"({"manifest": 3})"}) {
    const auto read = manifest_from_json(other);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::wrong_revision);
  }
}

TEST(AtomicFile, AppearsOnlyOnceItIsWhole) {
  const TempDir dir;
  const std::string path = dir.write("x", "old");
  {
    auto file = AtomicFile::create(path, false);
    ASSERT_TRUE(file->append("never seen"));
  }
  EXPECT_EQ(slurp(path), "old");
  ASSERT_TRUE(write_atomically(path, "new", true));
  EXPECT_EQ(slurp(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));

  const auto nowhere = write_atomically(dir / "no/such/dir", "new", false);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::output_unwritable);
}

TEST(Sha256, IsThatOfTheStandard) {
  const TempDir dir;
  EXPECT_EQ(*sha256_file(dir.write("abc", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_file(dir / "none").error().code, Errc::input_unreadable);
}

}  // namespace
}  // namespace fealty::files::test

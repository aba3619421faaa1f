#include "fealty/files/log_check.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support.hpp"

namespace fealty::files::test {
namespace {

using ::testing::HasSubstr;

class CheckLogs : public ::testing::Test {
 protected:
  TempDir dir;
  std::string log = dir.write("log", "a\n");

  Error refused(const LogCheck& check) const {
    const auto checked = check_logs(check);
    return checked ? Error{Errc::verification_failed, {}, "it was not refused"} : checked.error();
  }
  LogCheck into(const std::string& out, std::vector<std::string> logs) const {
    return {.logs = std::move(logs), .out_dir = out, .out_files = {"notices.ndjson"}};
  }
};

TEST_F(CheckLogs, LogsApartFromTheOutputsAreWelcome) {
  EXPECT_TRUE(check_logs(into(dir / "out", {log})));
  EXPECT_TRUE(check_logs(into(dir.path(), {log}))) << "beside them";
  EXPECT_TRUE(check_logs(into(log + "-out", {log}))) << "a name that begins with another";
}

TEST_F(CheckLogs, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(refused(into(dir / "out", {log, dir / "none"})).code, Errc::input_unreadable);
  EXPECT_THAT(refused(into(dir / "out", {log, dir / "none"})).detail, HasSubstr("none"));
  std::filesystem::create_directory(dir / "empty");
  EXPECT_THAT(refused(into(dir / "out", {dir / "empty"})).detail, HasSubstr("holds no logs"));
  LogCheck following = into(dir / "out", {dir / "empty"});
  following.follow = true;
  EXPECT_TRUE(check_logs(following)) << "some may come";
}

TEST_F(CheckLogs, AnOutputDirectoryAmongTheLogsIsRefusedByAnyName) {
  std::filesystem::create_directory_symlink(dir.path(), dir.path() + "-link");
  for (const std::string& out : {dir.path(), dir / "out", dir / "a/b/../c", dir.path() + "/",
                                 dir.path() + "-link", dir.path() + "-link/out"}) {
    EXPECT_EQ(refused(into(out, {dir.path()})).code, Errc::usage) << out;
    EXPECT_EQ(refused(into(out, {dir.path() + "-link/"})).code, Errc::usage) << out;
    LogCheck state = into(dir.path() + "-out", {dir.path()});
    state.state_dir = out;
    EXPECT_EQ(refused(state).code, Errc::usage) << out;
  }
  std::filesystem::remove(dir.path() + "-link");
}

TEST_F(CheckLogs, ALogThatIsAnOutputIsRefusedByAnyName) {
  std::filesystem::create_directory(dir / "out");
  dir.write("out/notices.ndjson", "n\n");
  std::filesystem::create_symlink(dir / "out/notices.ndjson", dir / "soft");
  std::filesystem::create_hard_link(dir / "out/notices.ndjson", dir / "hard");
  for (const std::string& name : {dir / "out/notices.ndjson", dir / "soft", dir / "hard"}) {
    EXPECT_EQ(refused(into(dir / "out", {log, name})).code, Errc::usage) << name;
    LogCheck program = into(dir / "out", {log});
    program.others = {name};
    EXPECT_EQ(refused(program).code, Errc::usage) << name;
  }
}

TEST_F(CheckLogs, ALogInTheStateDirectoryIsRefused) {
  LogCheck check = into(dir / "out", {log});
  check.state_dir = dir.path();
  EXPECT_EQ(refused(check).code, Errc::usage);
}

}  // namespace
}  // namespace fealty::files::test

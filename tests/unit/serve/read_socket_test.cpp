#include "fealty/serve/read_socket.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "fealty/serve/read_client.hpp"

namespace fealty::serve {
namespace {

using ports::ReadFailure;
using ports::ReadRequest;
using testing::ElementsAre;
using testing::HasSubstr;

class FakeReads final : public ports::Reads {
 public:
  std::function<void(const ReadRequest&, const Done&)> answer;
  void ask(ReadRequest request, Done done) override { answer(request, done); }
};

class ReadSocketTest : public testing::Test {
 protected:
  ReadSocketTest() {
    std::string name = (std::filesystem::temp_directory_path() / "fealty-reads-XXXXXX").string();
    folder = mkdtemp(name.data());
    path = folder + "/reads.sock";
  }
  ~ReadSocketTest() override {
    socket.reset();
    std::filesystem::remove_all(folder);
  }
  void open() {
    auto opened = ReadSocket::open(path, reads);
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    socket = std::move(*opened);
  }
  ReadClient::Reply ask(const TimedRequest& request) {
    auto client = ReadClient::connect(path);
    EXPECT_TRUE(client.has_value());
    auto reply = client->ask(request);
    EXPECT_TRUE(reply.has_value()) << to_string(reply.error());
    return reply ? *reply : ReadClient::Reply{};
  }
  [[nodiscard]] int connected() const {
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return made;
  }
  static std::string line_from(int connection) {
    std::string line;
    for (char c = 0; ::read(connection, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  std::string said_to(const std::string& bytes) {
    const int connection = connected();
    EXPECT_EQ(::write(connection, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::shutdown(connection, SHUT_WR);
    std::string line = line_from(connection);
    ::close(connection);
    return line;
  }
  std::string folder, path;
  FakeReads reads;
  std::unique_ptr<ReadSocket> socket;
};

TEST_F(ReadSocketTest, CarriesARequestAndItsAnswerToTheByte) {
  const std::string id = "an\"na\\\n\xc3\xa9";
  reads.answer = [&](const ReadRequest& request, const ports::Reads::Done& done) {
    EXPECT_EQ(request.member, id);
    EXPECT_EQ(request.what, ReadRequest::What::member);
    EXPECT_EQ(request.at_least, (ports::InputPosition{3, 18}));
    EXPECT_FALSE(request.stale);
    ports::ReadAnswer answer;
    answer.as_of = {3, 19};
    answer.member = R"({"churn":0.5000,"x":1e5})";
    done(answer);
  };
  open();
  TimedRequest timed;
  timed.request.member = id;
  timed.request.at_least = ports::InputPosition{3, 18};
  const auto reply = ask(timed);
  EXPECT_FALSE(reply.head.refused);
  EXPECT_EQ(reply.head.answer.as_of, (ports::InputPosition{3, 19}));
  EXPECT_THAT(reply.lines, ElementsAre(R"({"churn":0.5000,"x":1e5})"));
}

TEST_F(ReadSocketTest, OneConnectionAsksForPageAfterPage) {
  reads.answer = [](const ReadRequest& request, const ports::Reads::Done& done) {
    ports::ReadAnswer answer;
    answer.entries = {std::to_string(request.from_seq), std::to_string(request.from_seq + 1)};
    answer.next_seq = request.from_seq == 5 ? 0 : request.from_seq + request.limit;
    done(answer);
  };
  open();
  auto client = ReadClient::connect(path);
  ASSERT_TRUE(client.has_value());
  TimedRequest timed;
  timed.request.what = ReadRequest::What::ledger;
  timed.request.member = "anna";
  timed.request.limit = 2;
  std::vector<std::string> lines;
  for (timed.request.from_seq = 1; timed.request.from_seq != 0;) {
    const auto reply = client->ask(timed);
    ASSERT_TRUE(reply.has_value());
    lines.insert(lines.end(), reply->lines.begin(), reply->lines.end());
    timed.request.from_seq = reply->head.answer.next_seq;
  }
  EXPECT_THAT(lines, ElementsAre("1", "2", "3", "4", "5", "6"));
}

TEST_F(ReadSocketTest, SaysWhyThereIsNoAnswer) {
  for (const auto why : {ReadFailure::unknown_member, ReadFailure::elsewhere, ReadFailure::busy,
                         ReadFailure::stopping, ReadFailure::failed}) {
    reads.answer = [why](const ReadRequest&, const ports::Reads::Done& done) {
      done(ports::ReadRefusal{why, "so \"it\" is"});
    };
    if (!socket) open();
    TimedRequest timed;
    timed.request.member = "anna";
    const auto reply = ask(timed);
    EXPECT_TRUE(reply.head.refused);
    EXPECT_EQ(reply.head.refusal.why, why);
    EXPECT_EQ(reply.head.refusal.detail, "so \"it\" is");
  }
}

TEST_F(ReadSocketTest, ReadersOfAWorkerThatHangsAreToldSoAndItsLateAnswerHarmsNobody) {
  ports::Reads::Done late;
  reads.answer = [&](const ReadRequest&, const ports::Reads::Done& done) { late = done; };
  open();
  TimedRequest timed;
  timed.request.member = "anna";
  timed.timeout = std::chrono::milliseconds{1};
  EXPECT_EQ(ask(timed).head.refusal.why, ReadFailure::busy);
  late(ports::ReadAnswer{});
  reads.answer = [&](const ReadRequest&, const ports::Reads::Done& done) {
    done(ports::ReadRefusal{ReadFailure::stopping, ""});
  };
  EXPECT_EQ(ask(timed).head.refusal.why, ReadFailure::stopping);
}

TEST_F(ReadSocketTest, ALineThatIsNoRequestIsAnsweredWithWhatIsWrong) {
  reads.answer = [](const ReadRequest&, const ports::Reads::Done& done) {
    done(ports::ReadRefusal{ReadFailure::stopping, "asked"});
  };
  open();
  EXPECT_THAT(said_to(R"({"read":"member","id":"anna"})"), HasSubstr("asked"));  // without its end
  EXPECT_THAT(said_to("{\"read\":\"member\",\"id\":\"anna\"}\n"), HasSubstr("asked"));
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"\n", "expected a line"},
      {"nonsense\n", "expected a line"},
      {"[]\n", "expected a line"},
      {R"({"id":"anna"})", "'read' must be"},
      {R"({"read":"all","id":"anna"})", "'read' must be"},
      {R"({"read":"member"})", "'id' must be"},
      {R"({"read":"member","id":""})", "'id' must be"},
      {R"({"read":"member","id":7})", "'id' must be"},
      {R"({"read":"member","id":")" + std::string(513, 'x') + "\"}", "'id' must be"},
      {R"({"read":"member","id":"anna","Stale":true})", "unknown field 'Stale'"},
      {R"({"read":"member","id":"anna","stale":1})", "'stale' must be"},
      {R"({"read":"ledger","id":"anna","limit":0})", "'limit' must be"},
      {R"({"read":"ledger","id":"anna","limit":1001})", "'limit' must be"},
      {R"({"read":"ledger","id":"anna","from_seq":-1})", "'from_seq' must be"},
      {R"({"read":"member","id":"anna","timeout_ms":0})", "'timeout_ms' must be"},
      {R"({"read":"member","id":"anna","at_least":3})", "'at_least' must be"},
      {R"({"read":"member","id":"anna","at_least":{"partition":1}})", "'at_least' must be"},
      {R"({"read":"member","id":"anna","at_least":{"partition":-1,"position":1}})",
       "'partition' must be"},
      {R"({"read":"member","id":"anna","stale":true,"at_least":{"partition":1,"position":1}})",
       "'stale' does not wait"},
      {std::string(request_bytes_max + 1, 'x'), "a line of at most"},
      {std::string(request_bytes_max / 2, '['), "expected a line"}};
  for (const auto& [bytes, what] : wrong) {
    const std::string said = said_to(bytes);
    EXPECT_THAT(said, HasSubstr(what)) << bytes.substr(0, 80);
    EXPECT_THAT(said, HasSubstr("bad_request"));
  }
}

TEST_F(ReadSocketTest, TheFileIsForItsOwnerAloneAndGoesWithTheSocket) {
  open();
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  socket.reset();
  EXPECT_NE(::stat(path.c_str(), &found), 0);
}

TEST_F(ReadSocketTest, TheFileOfADeadProcessIsReplacedThatOfALivingOneIsNot) {
  // Given what a killed process leaves.
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(dead, 1), 0);
  ::close(dead);
  open();
  const auto second = ReadSocket::open(path, reads);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::usage);
  EXPECT_THAT(second.error().detail, HasSubstr("another process listens there"));
  EXPECT_TRUE(ReadClient::connect(path).has_value());
}

TEST_F(ReadSocketTest, NothingElseIsEverReplaced) {
  std::ofstream{path} << "precious";
  const auto opened = ReadSocket::open(path, reads);
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().detail, HasSubstr("no socket"));
  std::string kept;
  std::ifstream{path} >> kept;
  EXPECT_EQ(kept, "precious");
  for (const std::string& bad :
       {folder + "/none/reads.sock", folder + "/" + std::string(120, 'x')}) {
    EXPECT_FALSE(ReadSocket::open(bad, reads).has_value());
  }
}

TEST_F(ReadSocketTest, WhoCannotConnectIsToldWhatToDo) {
  const auto absent = ReadClient::connect(path);
  ASSERT_FALSE(absent.has_value());
  EXPECT_THAT(absent.error().detail, HasSubstr("there is no such socket"));
  std::ofstream{path} << "x";
  EXPECT_FALSE(ReadClient::connect(path).has_value());
}

TEST_F(ReadSocketTest, OneConnectionTooManyIsToldSo) {
  open();
  std::vector<int> all;
  for (std::size_t i = 0; i < ReadSocket::connections_max; ++i) all.push_back(connected());
  const int more = connected();
  EXPECT_THAT(line_from(more), HasSubstr("connections already"));
  ::close(more);
  for (const int one : all) ::close(one);
}

}  // namespace
}  // namespace fealty::serve

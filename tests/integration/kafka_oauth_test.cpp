#include <gmock/gmock.h>

#include <chrono>
#include <cstdio>
#include <fstream>

#include "fealty/log/log.hpp"
#include "kafka_harness.hpp"

namespace fealty::kafka::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string base64url(std::string_view text) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (held += 8; held >= 6;) {
      held -= 6;
      out += letters[bits >> static_cast<unsigned>(held) & 63U];
    }
  }
  if (held > 0) out += letters[bits << static_cast<unsigned>(6 - held) & 63U];
  return out;
}

/// A JWT that nobody signed, as the broker's test module takes it.
std::string token_for(const std::string& user, std::chrono::seconds ends_in) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const std::string claims = "{\"sub\":\"" + user + "\",\"iat\":" +
                             std::to_string((now - std::chrono::seconds{5}).count()) +
                             ",\"exp\":" + std::to_string((now + ends_in).count()) + "}";
  return base64url("{\"alg\":\"none\"}") + "." + base64url(claims) + ".";
}

class Oauth : public testing::Test {
 protected:
  Oauth() {
    options_ = options_for("oauth");
    options_.brokers = Broker::get().oauth_bootstrap();
    options_.security_protocol = "sasl_plaintext";
    options_.sasl_mechanism = "OAUTHBEARER";
    options_.token_file = testing::TempDir() + options_.group;
  }
  ~Oauth() override { std::remove(options_.token_file.c_str()); }
  void write(const std::string& token) const {
    std::ofstream{options_.token_file} << token << "\n";
  }

  KafkaOptions options_;
};

TEST_F(Oauth, AWorkerLogsInByTheTokenInItsFile) {
  write(token_for("anna", std::chrono::seconds{60}));
  auto bus = connect(options_);
  Recorder recorder{*bus};
  ASSERT_TRUE(bus->source().open(recorder));
  produce(options_.input_topic, 0, {"a"});
  ASSERT_TRUE(recorder.poll_until([&] { return recorder.values.size() == 1; }));
  std::vector<ports::CommitPosition> positions{{.partition = 0, .committed = 1}};
  EXPECT_TRUE(bus->sink().commit(positions));
}

TEST_F(Oauth, ATokenIsReadAgainBeforeItEnds) {
  // Given a worker with a token that ends soon, and another one in its place.
  write(token_for("anna", std::chrono::seconds{3}));
  log::set_level(log::Level::info);
  testing::internal::CaptureStderr();
  auto bus = connect(options_);
  Recorder recorder{*bus};
  ASSERT_TRUE(bus->source().open(recorder));
  write(token_for("berta", std::chrono::seconds{600}));

  // Then its clients have that one within the time of the first, without being asked.
  std::string logged;
  EXPECT_TRUE(recorder.poll_until([&] {
    logged += testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    return logged.find("principal=berta") != std::string::npos;
  }));
  testing::internal::GetCapturedStderr();
  log::set_level(log::Level::error);
  EXPECT_THAT(logged, Not(HasSubstr("eyJ")));
}

TEST_F(Oauth, ATokenThatEndedOrIsMissingIsSaidAtTheStart) {
  write(token_for("anna", std::chrono::seconds{-60}));
  for (const auto* words : {"ended", "cannot read a token"}) {
    const auto refused = KafkaBus::connect(options_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::broker_refused);
    EXPECT_THAT(refused.error().detail, AllOf(HasSubstr(words), HasSubstr(options_.token_file)));
    std::remove(options_.token_file.c_str());
  }
}

TEST_F(Oauth, ATokenThatTheBrokerRefusesIsTheBrokersWord) {
  write("no-jwt-at-all");
  const auto refused = KafkaBus::connect(options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::broker_refused);
}

TEST_F(Oauth, LibrdkafkasOwnUnsecuredTokensWorkByProperty) {
  options_.token_file.clear();
  options_.extra = {{"enable.sasl.oauthbearer.unsecure.jwt", "true"},
                    {"sasl.oauthbearer.config", "principal=anna"}};
  EXPECT_NE(connect(options_), nullptr);
}

}  // namespace
}  // namespace fealty::kafka::test

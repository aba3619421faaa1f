#include "fealty/kafka/properties.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "client.hpp"
#include "properties.hpp"
#include "security.hpp"

namespace fealty::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Properties, WhatBreaksNoPromiseMayBeSet) {
  for (const auto& [name, value] : Properties{{"socket.keepalive.enable", "true"},
                                              {"client.id", "shop"},
                                              {"client.rack", "a"},
                                              {"fetch.min.bytes", "1000"},
                                              {"fetch.max.bytes", "20000000"},
                                              {"linger.ms", "20"},
                                              {"compression.codec", "zstd"},
                                              {"ssl.endpoint.identification.algorithm", "none"},
                                              {"ssl.key.password", "x"},
                                              {"sasl.kerberos.kinit.cmd", "true"},
                                              {"debug", "broker"}}) {
    EXPECT_THAT(property_fault(name, value), IsEmpty()) << name;
  }
}

TEST(Properties, WhatWouldBreakAPromiseIsRefusedWithWhyAndWhatInstead) {
  struct Case {
    std::string_view name, value, words;
  };
  for (const auto& one : {Case{"enable.auto.commit", "false", "exactly-once"},
                          {"auto.commit.enable", "true", "exactly-once"},
                          {"enable.auto.offset.store", "true", "exactly-once"},
                          {"offset.store.method", "file", "exactly-once"},
                          {"isolation.level", "read_uncommitted", "exactly-once"},
                          {"auto.offset.reset", "latest", "set kafka.start instead"},
                          {"acks", "1", "in-sync"},
                          {"request.required.acks", "0", "in-sync"},
                          {"topic.acks", "1", "in-sync"},
                          {"topic.partitioner", "random", "Java"},
                          {"max.in.flight", "9", "order"},
                          {"queuing.strategy", "lifo", "order"},
                          {"delivery.timeout.ms", "9", "kafka.transaction_timeout_ms"},
                          {"partitioner", "random", "Java"},
                          {"partition.assignment.strategy", "range", "not yours to set"},
                          {"group.protocol", "consumer", "not yours to set"},
                          {"group.instance.id", "a", "kafka.transactional_id"},
                          {"heartbeat.interval.ms", "9", "kafka.session_timeout_ms"},
                          {"queued.max.messages.kbytes", "9", "memory.budget"},
                          {"queue.buffering.max.kbytes", "9", "memory.budget"},
                          {"fetch.max.bytes", "2000000000", "at most 52428800"},
                          {"allow.auto.create.topics", "true", "kafka.create_topics"},
                          {"log.queue", "true", "grow for ever"},
                          {"plugin.library.paths", "x.so", "code"},
                          {"rebalance_cb", "1", "not text"},
                          {"new_kind_of_cb", "1", "not text"},
                          {"test.mock.num.brokers", "3", "keeps none"},
                          {"internal.termination.signal", "9", "no setting"},
                          {"enable.ssl.certificate.verification", "false", "ca_file"},
                          {"bootstrap.servers", "b", "kafka.brokers"},
                          {"sasl.password", "x", "password_file"}}) {
    EXPECT_THAT(property_fault(one.name, one.value), HasSubstr(one.words)) << one.name;
  }
}

TEST(Properties, WhatLibrdkafkaRefusesIsSaidInItsWords) {
  EXPECT_THAT(property_fault("socket.keepalive.enabled", "true"), HasSubstr("no such property"));
  EXPECT_THAT(property_fault("socket.timeout.ms", "soon"),
              AllOf(HasSubstr("refuses"), HasSubstr("socket.timeout.ms")));
  EXPECT_THAT(property_fault("socket.timeout.ms", "1"), HasSubstr("range"));
  EXPECT_THAT(property_fault("opaque", "x"), HasSubstr("dedicated"));
}

TEST(Properties, SecretsAreToldByName) {
  for (const auto* name :
       {"ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.password",
        "sasl.oauthbearer.client.secret", "sasl.oauthbearer.assertion.private.key.passphrase"}) {
    EXPECT_TRUE(secret_property(name)) << name;
  }
  EXPECT_FALSE(secret_property("ssl.ca.pem"));
  EXPECT_FALSE(secret_property("sasl.oauthbearer.assertion.private.key.file"));
}

TEST(Properties, EachGoesToTheClientsThatItConcerns) {
  EXPECT_TRUE(property_concerns(RD_KAFKA_CONSUMER, "fetch.min.bytes"));
  EXPECT_FALSE(property_concerns(RD_KAFKA_PRODUCER, "fetch.min.bytes"));
  EXPECT_TRUE(property_concerns(RD_KAFKA_PRODUCER, "batch.size"));
  EXPECT_FALSE(property_concerns(RD_KAFKA_CONSUMER, "batch.size"));
  EXPECT_FALSE(property_concerns(RD_KAFKA_CONSUMER, "request.timeout.ms"));  // a topic's
  EXPECT_FALSE(property_concerns(RD_KAFKA_CONSUMER, "topic.request.timeout.ms"));
  for (const auto type : {RD_KAFKA_CONSUMER, RD_KAFKA_PRODUCER}) {
    EXPECT_TRUE(property_concerns(type, "socket.keepalive.enable"));
    EXPECT_TRUE(property_concerns(type, "of.another.version"));
  }
}

TEST(Properties, WhatOnlyFailsTogetherIsFoundWithoutABroker) {
  KafkaOptions options;
  EXPECT_TRUE(try_clients(options));
  options.extra = {{"receive.message.max.bytes", "2000"}};
  const auto refused = try_clients(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
  EXPECT_THAT(refused.error().detail, HasSubstr("receive.message.max.bytes"));
}

TEST(Properties, FilesThatALoginNeedsAreLookedAtWithoutABroker) {
  KafkaOptions options;
  options.security_protocol = "sasl_plaintext";
  options.sasl_mechanism = "GSSAPI";
  options.kerberos_keytab = "/no/such/keytab";
  const auto refused = try_clients(options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("/no/such/keytab"));
  options.sasl_mechanism = "OAUTHBEARER";
  options.token_file = "/no/such/token";
  EXPECT_THAT(try_clients(options).error().detail, HasSubstr("/no/such/token"));
}

// --- security

KafkaOptions with_mechanism(const std::string& mechanism) {
  KafkaOptions options;
  options.security_protocol = "sasl_ssl";
  options.sasl_mechanism = mechanism;
  return options;
}
constexpr std::string_view everything = "ssl,sasl_plain,sasl_scram,sasl_gssapi,sasl_oauthbearer";

TEST(Security, AMechanismThatTheLibraryWasBuiltWithoutIsNamed) {
  auto options = with_mechanism("GSSAPI");
  options.kerberos_principal = "fealty@EXAMPLE.ORG";
  options.kerberos_keytab = "/etc/fealty.keytab";
  EXPECT_TRUE(validate_security(options, everything));
  const auto refused = validate_security(options, "ssl,sasl_plain");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_config);
  EXPECT_THAT(refused.error().detail,
              AllOf(HasSubstr("built without GSSAPI"), HasSubstr("ssl,sasl_plain")));
  options = with_mechanism("OAUTHBEARER");
  options.token_file = "token";
  EXPECT_FALSE(validate_security(options, "ssl,sasl_plain"));
  EXPECT_FALSE(validate_security(options, "sasl_oauthbearer")) << "without TLS";
}

TEST(Security, EachMechanismSaysWhatItNeeds) {
  const auto fault = [](const KafkaOptions& options) {
    const auto valid = validate_security(options, everything);
    return valid ? std::string{} : valid.error().detail;
  };
  auto kerberos = with_mechanism("GSSAPI");
  EXPECT_THAT(fault(kerberos), HasSubstr("kerberos_principal"));
  kerberos.kerberos_principal = "fealty@EXAMPLE.ORG";
  EXPECT_THAT(fault(kerberos), HasSubstr("kerberos_keytab"));
  kerberos.extra = {{"sasl.kerberos.kinit.cmd", "kinit -R"}};
  EXPECT_THAT(fault(kerberos), IsEmpty());
  auto oauth = with_mechanism("OAUTHBEARER");
  EXPECT_THAT(fault(oauth), HasSubstr("token_file"));
  oauth.extra = {{"sasl.oauthbearer.method", "oidc"}};
  EXPECT_THAT(fault(oauth), IsEmpty());
  oauth.token_file = "token";
  EXPECT_THAT(fault(oauth), HasSubstr("one source"));
  EXPECT_THAT(fault(with_mechanism("PLAIN")), HasSubstr("username"));
}

class TokenFile : public testing::Test {
 protected:
  ~TokenFile() override { std::remove(file_.c_str()); }
  Result<Token> read(const std::string& text) {
    std::ofstream{file_} << text;
    return read_token(file_, now_ms);
  }
  static constexpr std::int64_t now_ms = 1'700'000'000'000;
  const std::string file_ = testing::TempDir() + "bearer_token_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TokenFile, AJwtSaysWhoAndUntilWhen) {
  // {"alg":"none"} . {"sub":"anna","exp":1700000600} .
  const auto token = read("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIiwiZXhwIjoxNzAwMDAwNjAwfQ.\n");
  ASSERT_TRUE(token) << to_string(token.error());
  EXPECT_EQ(token->principal, "anna");
  EXPECT_EQ(token->ends_ms, 1'700'000'600'000);
  EXPECT_THAT(token->text, Not(HasSubstr("\n")));
}

TEST_F(TokenFile, OneThatEndedIsRefusedWithoutBeingShown) {
  // exp 1699999000
  const auto token = read("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIiwiZXhwIjoxNjk5OTk5MDAwfQ.");
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().detail, AllOf(HasSubstr("ended 1000 s ago"), Not(HasSubstr("eyJ"))));
}

TEST_F(TokenFile, OneThatIsNoJwtIsReadAgainSoon) {
  for (const auto* text : {"opaque", "a.b.c", "a.####.c", "..", "a.e30.c"}) {
    const auto token = read(text);
    ASSERT_TRUE(token) << text;
    EXPECT_EQ(token->ends_ms, now_ms + token_opaque_for.count()) << text;
  }
}

TEST_F(TokenFile, AMissingOrEmptyFileIsNamed) {
  EXPECT_THAT(read("\nx").error().detail, HasSubstr("empty"));
  std::remove(file_.c_str());
  EXPECT_THAT(read_token(file_, now_ms).error().detail, HasSubstr(file_));
}

TEST_F(TokenFile, OneThatIsMissingForAWhileIsForgottenOnceThereIsAnother) {
  // Given a client that found no token.
  auto options = with_mechanism("OAUTHBEARER");
  options.brokers.clear();
  options.token_file = file_;
  const auto client = Client::make(RD_KAFKA_PRODUCER, options, {}, {});
  ASSERT_TRUE(client) << to_string(client.error());
  const Deadline give_up{std::chrono::seconds{60}};
  while ((*client)->refusal().empty() && !give_up.passed()) rd_kafka_poll((*client)->get(), 50);
  EXPECT_THAT((*client)->refusal(), HasSubstr(file_));

  // When there is one; librdkafka asks again after ten seconds.
  ASSERT_TRUE(read("opaque"));
  while (!(*client)->refusal().empty() && !give_up.passed()) rd_kafka_poll((*client)->get(), 50);

  // Then what went wrong once ends nobody later.
  EXPECT_THAT((*client)->refusal(), IsEmpty());
}

}  // namespace
}  // namespace fealty::kafka

#include "fealty/config/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace fealty::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Service : public testing::Test {
 protected:
  Service() {
    directory_ =
        std::filesystem::path{testing::TempDir()} /
        ("service_" + std::string{testing::UnitTest::GetInstance()->current_test_info()->name()});
    std::filesystem::create_directories(directory_);
  }
  ~Service() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = directory_ / name;
    std::ofstream{path} << text;
    return path.string();
  }
  [[nodiscard]] std::string at(const std::string& name) const {
    return (directory_ / name).string();
  }

  static constexpr auto minimal =
      "program: shop.yaml\n"
      "state: {dir: data}\n"
      "kafka: {brokers: 'a:9092', input_topic: events}\n";

 private:
  std::filesystem::path directory_;
};

std::string fault(const Result<ServiceConfig>& loaded) {
  return loaded ? "(loaded)" : loaded.error().detail;
}

TEST_F(Service, TheDocumentedFileHoldsTheDefaults) {
  // Given the file that the project ships, and one that states only what has no default.
  const auto shipped = load_service(FEALTY_SOURCE_DIR "/config/service.yaml");
  const auto bare = load_service(write("s.yaml", minimal));

  // Then both give the same settings.
  ASSERT_TRUE(shipped) << fault(shipped);
  ASSERT_TRUE(bare) << fault(bare);
  EXPECT_EQ(shipped->memory_bytes, bare->memory_bytes);
  EXPECT_EQ(shipped->mapping, bare->mapping);
  EXPECT_EQ(shipped->kafka.group, bare->kafka.group);
  EXPECT_EQ(shipped->kafka.transactional_id, bare->kafka.transactional_id);
  EXPECT_EQ(shipped->kafka.output_prefix, bare->kafka.output_prefix);
  EXPECT_EQ(shipped->kafka.start, bare->kafka.start);
  EXPECT_EQ(shipped->kafka.create_topics, bare->kafka.create_topics);
  EXPECT_EQ(shipped->kafka.replication_factor, bare->kafka.replication_factor);
  EXPECT_EQ(shipped->kafka.session_timeout_ms, bare->kafka.session_timeout_ms);
  EXPECT_EQ(shipped->kafka.transaction_timeout_ms, bare->kafka.transaction_timeout_ms);
  EXPECT_EQ(shipped->kafka.wait_for_broker_s, bare->kafka.wait_for_broker_s);
  EXPECT_EQ(shipped->kafka.wait_at_start, bare->kafka.wait_at_start);
  EXPECT_EQ(shipped->commit.aborts_max, bare->commit.aborts_max);
  EXPECT_EQ(shipped->kafka.security.protocol, bare->kafka.security.protocol);
  EXPECT_EQ(shipped->kafka.security.mechanism, bare->kafka.security.mechanism);
  EXPECT_EQ(shipped->commit.interval_ms, bare->commit.interval_ms);
  EXPECT_EQ(shipped->commit.events_max, bare->commit.events_max);
  EXPECT_EQ(shipped->checkpoint.distance_events, bare->checkpoint.distance_events);
  EXPECT_EQ(shipped->workers, bare->workers);
  EXPECT_EQ(shipped->members.publish_within_ms, bare->members.publish_within_ms);
  EXPECT_EQ(shipped->checkpoint.recovery_target_s, bare->checkpoint.recovery_target_s);
  EXPECT_EQ(shipped->checkpoint.distance_s, bare->checkpoint.distance_s);
  EXPECT_EQ(shipped->clock.tick_after_idle_s, bare->clock.tick_after_idle_s);
  EXPECT_EQ(shipped->on_damage, bare->on_damage);
  EXPECT_EQ(shipped->log_level, bare->log_level);
}

TEST_F(Service, WhatBecomesOfADamagedStateIsOneOfTwo) {
  const auto with = [&](const char* set) {
    return load_service(write("s.yaml", minimal), std::vector{*parse_set(set)});
  };

  EXPECT_EQ(with("state.on_damage=rebuild")->on_damage, OnDamage::rebuild);
  EXPECT_EQ(with("state.on_damage=stop")->on_damage, OnDamage::stop);
  EXPECT_THAT(fault(with("state.on_damage=ignore")), testing::HasSubstr("state.on_damage"));
}

TEST_F(Service, PathsInTheFileAreRelativeToIt) {
  const auto loaded = load_service(write("s.yaml", minimal));

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->program, at("shop.yaml"));
  EXPECT_EQ(loaded->state_dir, at("data"));
}

TEST_F(Service, TheCommandLineIsStrongerThanTheEnvironmentAndThatThanTheFile) {
  // Given a group in the file, another in the environment and a third on the command line.
  const std::string file = write("s.yaml", std::string{minimal} + "commit: {interval_ms: 7}\n");
  const std::array<const char*, 2> environment{"FEALTY_KAFKA__GROUP=from_environment",
                                               "FEALTY_COMMIT__INTERVAL_MS=9"};
  auto overrides = environment_overrides(environment);
  overrides.push_back(*parse_set("kafka.group=from_command_line"));

  const auto loaded = load_service(file, overrides);

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->kafka.group, "from_command_line");
  EXPECT_EQ(loaded->commit.interval_ms, 9U);
}

TEST_F(Service, PathsFromOutsideAreRelativeToTheWorkingDirectory) {
  const auto loaded =
      load_service(write("s.yaml", minimal), std::vector{*parse_set("program=other.yaml")});

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->program, "other.yaml");
}

TEST_F(Service, UnrelatedVariablesOfTheEnvironmentAreLeftAlone) {
  const std::array<const char*, 4> environment{"FEALTY_LONG=1", "PATH=/bin", "FEALTY_",
                                               "FEALTY_PROGRAM=p.yaml"};

  const auto overrides = environment_overrides(environment);

  ASSERT_EQ(overrides.size(), 1U);
  EXPECT_EQ(overrides[0].path, "program");
}

TEST_F(Service, EveryFaultIsNamedWithItsPlace) {
  const std::string file = write("s.yaml",
                                 "program: shop.yaml\n"
                                 "kafka:\n"
                                 "  brokers: a:9092\n"
                                 "  input_topik: events\n"
                                 "  start: middle\n"
                                 "commit: {interval_ms: 0}\n"
                                 "memory: {budget: lots}\n");

  const std::string faults = fault(load_service(file));

  EXPECT_THAT(faults,
              AllOf(HasSubstr("missing key 'state'"), HasSubstr("missing key 'input_topic'"),
                    HasSubstr("did you mean 'input_topic'"), HasSubstr("s.yaml:5:"),
                    HasSubstr("kafka.start"), HasSubstr("s.yaml:6:"),
                    HasSubstr("commit.interval_ms"), HasSubstr("memory.budget")));
}

TEST_F(Service, StandbysAreFewAndNoneUnlessAskedFor) {
  EXPECT_EQ(load_service(write("s.yaml", minimal))->standbys, 0U);
  EXPECT_EQ(load_service(write("s.yaml", std::string{minimal} + "standbys: 2\n"))->standbys, 2U);
  for (const std::string wrong : {"-1", "9", "some"}) {
    EXPECT_THAT(
        fault(load_service(write("s.yaml", std::string{minimal} + "standbys: " + wrong + "\n"))),
        HasSubstr("standbys"))
        << wrong;
  }
}

TEST_F(Service, AnOverrideWithAWrongKeyIsNamedByItsOrigin) {
  const std::array<const char*, 1> environment{"FEALTY_KAFKA__BROKRES=b:9092"};

  const std::string faults =
      fault(load_service(write("s.yaml", minimal), environment_overrides(environment)));

  EXPECT_THAT(faults, AllOf(HasSubstr("FEALTY_KAFKA__BROKRES"), HasSubstr("did you mean")));
}

TEST_F(Service, SizesMayCarryAUnit) {
  const std::string text = std::string{minimal} + "memory: {budget: 2GiB}\n";
  const auto loaded = load_service(write("s.yaml", text));

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->memory_bytes, 2'147'483'648U);
}

TEST_F(Service, AnAbsurdSizeIsRefusedInsteadOfWrappingRound) {
  const std::string text = std::string{minimal} + "memory: {budget: 18446744073709551615GiB}\n";
  EXPECT_THAT(fault(load_service(write("s.yaml", text))), HasSubstr("out of range"));
}

constexpr auto with_sasl =
    "program: shop.yaml\n"
    "state: {dir: data}\n"
    "kafka:\n"
    "  brokers: a:9092\n"
    "  input_topic: events\n"
    "  security:\n"
    "    protocol: sasl_ssl\n"
    "    username: anna\n";

TEST_F(Service, APasswordComesFromTheFirstLineOfItsFile) {
  write("password", "s3cret\nignored\n");
  const auto loaded =
      load_service(write("s.yaml", std::string{with_sasl} + "    password_file: password\n"));

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->kafka.security.password.reveal(), "s3cret");
}

TEST_F(Service, APasswordMayComeFromTheEnvironment) {
  const std::array<const char*, 1> environment{"FEALTY_KAFKA__SECURITY__PASSWORD=s3cret"};

  const auto loaded = load_service(write("s.yaml", with_sasl), environment_overrides(environment));

  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->kafka.security.password.reveal(), "s3cret");
}

TEST_F(Service, APasswordInTheFileOrOnTheCommandLineIsRefusedAndNotRepeated) {
  const std::string in_file =
      fault(load_service(write("s.yaml", std::string{with_sasl} + "    password: s3cret\n")));
  const std::string on_line = fault(load_service(
      write("t.yaml", with_sasl), std::vector{*parse_set("kafka.security.password=s3cret")}));

  for (const std::string& faults : {in_file, on_line}) {
    EXPECT_THAT(faults, AllOf(HasSubstr("password_file"), Not(HasSubstr("s3cret"))));
  }
}

TEST_F(Service, SaslWithoutAPasswordIsRefused) {
  EXPECT_THAT(fault(load_service(write("s.yaml", with_sasl))), HasSubstr("password_file"));
}

TEST_F(Service, ASetWithoutAValueIsAUsageError) {
  const auto parsed = parse_set("kafka.group");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::usage);
}

TEST_F(Service, APartitionWithoutEventsTakesTheTimeOfTheMachineWhenAskedTo) {
  const std::string text = std::string{minimal} + "clock: {tick_after_idle_s: ";
  const auto loaded = load_service(write("s.yaml", text + "5}\n"));
  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->clock.tick_after_idle_s, 5U);
  EXPECT_EQ(load_service(write("s.yaml", text + "0}\n"))->clock.tick_after_idle_s, 0U);
  EXPECT_THAT(fault(load_service(write("s.yaml", text + "-1}\n"))),
              HasSubstr("clock.tick_after_idle_s: out of range"));
}

TEST_F(Service, AMissingFileIsAFault) {
  EXPECT_THAT(fault(load_service(at("none.yaml"))), HasSubstr("none.yaml"));
}

constexpr auto with_properties =
    "program: shop.yaml\n"
    "state: {dir: data}\n"
    "kafka:\n"
    "  brokers: a:9092\n"
    "  input_topic: events\n"
    "  properties:\n"
    "    socket.keepalive.enable: true\n";

PropertyRules some_rules() {
  return {[](std::string_view name, std::string_view value) -> std::string {
            return name == "acks" || value == "bad" ? "not so" : "";
          },
          [](std::string_view name) { return name == "ssl.key.password"; }};
}

TEST_F(Service, APropertyIsOneKeyWithItsDots) {
  // Given one in the file, one in the environment and one from the command line.
  constexpr std::array<const char*, 1> environment{
      "FEALTY_KAFKA__PROPERTIES__SOCKET__MAX__FAILS=3"};
  auto overrides = environment_overrides(environment);
  overrides.push_back(*parse_set("kafka.properties.client.id=shop"));
  overrides.push_back(*parse_set("kafka.properties.socket.keepalive.enable=false"));
  const auto loaded = load_service(write("s.yaml", with_properties), overrides, some_rules());

  // Then each has the rest of its path as its name.
  ASSERT_TRUE(loaded) << fault(loaded);
  const auto& found = loaded->kafka.properties;
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].name, "socket.keepalive.enable");
  EXPECT_EQ(found[0].value.reveal(), "false");
  EXPECT_EQ(found[1].name, "socket.max.fails");
  EXPECT_EQ(found[2].name, "client.id");
}

TEST_F(Service, APropertyThatIsRefusedIsNamedWithItsPlace) {
  const auto loaded = load_service(
      write("s.yaml", std::string{with_properties} +
                          "    acks: 1\n    linger.ms: bad\n    debug:\n    socket: {a: 1}\n"),
      {}, some_rules());
  EXPECT_THAT(fault(loaded),
              AllOf(HasSubstr("s.yaml:8:11: kafka.properties.acks: not so"),
                    HasSubstr("s.yaml:9:16: kafka.properties.linger.ms: not so"),
                    HasSubstr("debug: has no value"),
                    HasSubstr("kafka.properties.socket: expected a value, or {file: PATH}")));
}

TEST_F(Service, ASecretPropertyComesFromTheEnvironmentOrAFileOnly) {
  constexpr auto secret = "    ssl.key.password: hunter2\n";
  const auto inside =
      load_service(write("s.yaml", std::string{with_properties} + secret), {}, some_rules());
  EXPECT_THAT(fault(inside), AllOf(HasSubstr("ssl.key.password: a secret must not stand here"),
                                   Not(HasSubstr("hunter2"))));
  const std::array overrides{*parse_set("kafka.properties.ssl.key.password=hunter2")};
  const auto file = write("t.yaml", with_properties);
  EXPECT_THAT(fault(load_service(file, overrides, some_rules())),
              AllOf(HasSubstr("--set"), Not(HasSubstr("hunter2"))));

  constexpr std::array<const char*, 1> environment{
      "FEALTY_KAFKA__PROPERTIES__SSL__KEY__PASSWORD=hunter2"};
  const auto outside = load_service(file, environment_overrides(environment), some_rules());
  ASSERT_TRUE(outside) << fault(outside);
  EXPECT_EQ(outside->kafka.properties.back().value.reveal(), "hunter2");

  static_cast<void>(write("pass", "hunter3\n"));
  const auto beside = load_service(
      write("u.yaml", std::string{with_properties} + "    ssl.key.password: {file: pass}\n"), {},
      some_rules());
  ASSERT_TRUE(beside) << fault(beside);
  EXPECT_EQ(beside->kafka.properties.back().value.reveal(), "hunter3");
  EXPECT_THAT(fault(load_service(write("v.yaml", std::string{with_properties} +
                                                     "    ssl.key.password: {file: none}\n"),
                                 {}, some_rules())),
              HasSubstr("cannot read anything from"));
}

TEST_F(Service, EachSaslMechanismHasItsOwnSettings) {
  const auto with = [&](const std::string& security) {
    return fault(load_service(write("s.yaml",
                                    "program: shop.yaml\nstate: {dir: data}\nkafka: "
                                    "{brokers: 'a:9092', input_topic: events, security: "
                                    "{protocol: sasl_ssl, " +
                                        security + "}}\n")));
  };
  EXPECT_EQ(with("mechanism: OAUTHBEARER, token_file: token"), "(loaded)");
  EXPECT_EQ(with("mechanism: OAUTHBEARER"), "(loaded)") << "the kafka room knows what else may do";
  EXPECT_THAT(with("mechanism: OAUTHBEARER, username: anna"), HasSubstr("no username"));
  EXPECT_EQ(with("mechanism: GSSAPI, kerberos_principal: f@E.ORG, kerberos_keytab: k"), "(loaded)");
  EXPECT_THAT(with("mechanism: GSSAPI"), HasSubstr("kerberos_principal"));
  EXPECT_THAT(with("mechanism: PLAIN, username: a, token_file: t"), HasSubstr("only OAUTHBEARER"));
}

TEST_F(Service, ASocketForReadersIsRelativeToTheFileAndShortEnoughForTheKernel) {
  const auto loaded =
      load_service(write("s.yaml", std::string{minimal} + "reads: {socket: r.sock}"));
  ASSERT_TRUE(loaded) << fault(loaded);
  EXPECT_EQ(loaded->reads_socket, at("r.sock"));
  const auto refused = load_service(
      write("s.yaml", std::string{minimal} + "reads: {socket: /" + std::string(107, 'x') + "}"));
  EXPECT_THAT(fault(refused), HasSubstr("at most 107 bytes"));
  EXPECT_TRUE(load_service(
      write("s.yaml", std::string{minimal} + "reads: {socket: /" + std::string(106, 'x') + "}")));
}

}  // namespace
}  // namespace fealty::config

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/config/ingest.hpp"

/// How and where Fealty runs. Nothing in here can change an outcome: what decides points, levels
/// and scores is the Program.
namespace fealty::config {

/// A password. It has no way to a stream or a log but reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_{std::move(text)} {}
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

enum class Protocol : std::uint8_t { plaintext, ssl, sasl_plaintext, sasl_ssl };
/// Name as librdkafka's security.protocol takes it.
std::string_view name(Protocol protocol);

struct SecurityConfig {
  Protocol protocol = Protocol::plaintext;
  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI
  std::string mechanism = "SCRAM-SHA-512";
  std::string username;          // PLAIN and SCRAM, with the password
  Secret password;               // from password_file, or the environment
  std::string ca_file;           // empty = the system's authorities
  std::string certificate_file;  // client certificate, with key_file
  std::string key_file;
  std::string token_file;                  // OAUTHBEARER: a token that somebody else renews there
  std::string kerberos_principal;          // GSSAPI
  std::string kerberos_keytab;             // its keys
  std::string kerberos_service = "kafka";  // the brokers' principal, before the slash
};

/// A librdkafka property. Some values are secrets, so all are kept as such.
struct Property {
  std::string name;
  Secret value;
};
/// What the kafka room knows of librdkafka's properties, so that their faults get a place.
struct PropertyRules {
  /// Why it must not be set so; empty where it may.
  std::function<std::string(std::string_view name, std::string_view value)> fault;
  /// Its value must not lie in the file or on the command line.
  std::function<bool(std::string_view name)> secret;
};

/// Where a group starts that has never committed. There is no third: a gap in the input is an
/// error.
enum class Start : std::uint8_t { earliest, latest };

/// Bounds of the two times below: those of the kafka room, which cli compares.
inline constexpr std::int32_t session_timeout_ms_min = 1'000, session_timeout_ms_max = 1'800'000;
inline constexpr std::int32_t transaction_timeout_ms_min = 10'000;
inline constexpr std::int32_t transaction_timeout_ms_max = 900'000;

inline constexpr std::int32_t wait_for_ever = -1;

/// What becomes of a record whose key is not its member.
enum class KeyCheck : std::uint8_t { deadletter, count };

struct KafkaConfig {
  std::string brokers;  // host:port[,host:port]
  std::string group = "fealty";
  std::string input_topic;
  std::string output_prefix = "fealty.";  // before notices, ledger, members, deadletters, changelog
  /// One a process, stable over restarts; each worker's is this, "-" and its number. Empty: the
  /// group, "-" and the host's name.
  std::string transactional_id;
  Start start = Start::earliest;
  KeyCheck key_check = KeyCheck::deadletter;
  bool create_topics = false;           // missing output topics; the input topic is never created
  std::int32_t replication_factor = 1;  // of created topics
  std::int32_t session_timeout_ms = 10'000;      // until a dead process's partitions move
  std::int32_t transaction_timeout_ms = 60'000;  // until the broker gives an open one up
  /// Brokers that go away while it runs are waited for so long; wait_for_ever = as long as it
  /// takes.
  std::int32_t wait_for_broker_s = wait_for_ever;
  bool wait_at_start = false;  // likewise for brokers that are not there when it starts
  SecurityConfig security;
  std::vector<Property> properties;  // over what Fealty sets itself, in the order given
};

struct MembersConfig {
  /// Snapshots of changed members follow on the members topic within it; 0 = with each commit,
  /// nullopt = none at all.
  std::optional<std::uint32_t> publish_within_ms = 5000;
};

struct CheckpointConfig {
  /// A recovery applies again what was not saved within about this time, by the rate at which the
  /// last one did; 0 = not bound by a time.
  double recovery_target_s = 1;
  std::uint64_t distance_events = 2'000'000;  // a change waits for its save at most so long, too
  std::uint32_t distance_s = 600;
};

struct CommitConfig {
  std::uint32_t interval_ms = 100;
  std::uint32_t events_max = 200'000;
  std::uint32_t aborts_max = 20;  // in a row; the last of them ends the run
};

struct ClockConfig {
  // A partition without an event for so long takes the time of this machine; 0 = never.
  std::uint32_t tick_after_idle_s = 600;
};

/// What a start does with a state directory that is found damaged.
enum class OnDamage : std::uint8_t {
  stop,     // says so and ends
  rebuild,  // moves it aside, and restores an empty one from the changelog
};

/// The topologies of a process. The default is what the file has: ingest where it has that section,
/// and members.
struct Runs {
  bool ingest = false, members = true;
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };

inline constexpr std::uint32_t workers_max = 64;
inline constexpr std::uint32_t standbys_max = 8;

/// `fealty run`'s settings. Defaults stand beside their fields; config/service.yaml shows them all.
struct ServiceConfig {
  std::string program;                  // file
  std::string mapping = "cloudevents";  // preset name, or a file
  std::string state_dir;
  std::uint32_t workers = 0;  // of a process, each a member of the group; 0 = cores - 1, 1 at least
  std::uint32_t standbys = 0;  // processes that follow each partition beside the one that has it
  OnDamage on_damage = OnDamage::stop;
  std::uint64_t memory_bytes = 536'870'912;  // the budget of the process, all partitions together
  KafkaConfig kafka;
  MembersConfig members;
  CheckpointConfig checkpoint;
  CommitConfig commit;
  ClockConfig clock;
  IngestConfig ingest;
  Runs run;
  std::string health_file;   // touched by each poll and commit; empty = none
  std::string reads_socket;  // where the workers are asked (Unix socket); empty = nowhere
  LogLevel log_level = LogLevel::info;
};

/// One setting from outside the file. `origin` names it in faults: "--set",
/// "FEALTY_KAFKA__BROKERS".
struct Override {
  std::string path;  // "kafka.brokers"
  std::string text;
  std::string origin;
};

/// FEALTY_A__B=v of `environment` ("NAME=value" each) as overrides of a.b. A name without "__"
/// counts only where it names a setting of the top level (FEALTY_PROGRAM).
std::vector<Override> environment_overrides(std::span<const char* const> environment);
/// "a.b=v". Errors: usage.
Result<Override> parse_set(std::string_view text);

/// Reads `file`, lays `overrides` over it in their order (the last one wins) and validates, the
/// properties by `rules` as far as there are any. Paths in the file are relative to the file, those
/// of overrides to the working directory. Below kafka.properties the rest of an override's path is
/// one key. Errors: invalid_config, with every fault as file:line:col: key: problem.
Result<ServiceConfig> load_service(const std::string& file,
                                   std::span<const Override> overrides = {},
                                   const PropertyRules& rules = {});

/// Whether a document with this top-level key is a service file: for `check`, which tells by
/// content.
bool is_service_key(std::string_view key);

}  // namespace fealty::config

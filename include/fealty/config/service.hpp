#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"

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
  std::string mechanism = "SCRAM-SHA-512";  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
  std::string username;
  Secret password;               // from password_file, or the environment
  std::string ca_file;           // empty = the system's authorities
  std::string certificate_file;  // client certificate, with key_file
  std::string key_file;
};

/// Where a group starts that has never committed. There is no third: a gap in the input is an
/// error.
enum class Start : std::uint8_t { earliest, latest };

/// Bounds of the two times below: those of the kafka room, which cli compares.
inline constexpr std::int32_t session_timeout_ms_min = 1'000, session_timeout_ms_max = 1'800'000;
inline constexpr std::int32_t transaction_timeout_ms_min = 10'000;
inline constexpr std::int32_t transaction_timeout_ms_max = 900'000;

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
  SecurityConfig security;
};

struct CheckpointConfig {
  std::uint64_t distance_events = 2'000'000;  // a change waits for its save at most this long
  std::uint32_t distance_s = 600;
};

struct CommitConfig {
  std::uint32_t interval_ms = 100;
  std::uint32_t events_max = 200'000;
};

struct ClockConfig {
  // A partition without an event for so long takes the time of this machine; 0 = never.
  std::uint32_t tick_after_idle_s = 600;
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };

inline constexpr std::uint32_t workers_max = 64;

/// `fealty run`'s settings. Defaults stand beside their fields; config/service.yaml shows them all.
struct ServiceConfig {
  std::string program;                  // file
  std::string mapping = "cloudevents";  // preset name, or a file
  std::string state_dir;
  std::uint32_t workers = 0;  // of a process, each a member of the group; 0 = cores - 1, 1 at least
  std::uint64_t memory_bytes = 536'870'912;  // the budget of the process, all partitions together
  KafkaConfig kafka;
  CheckpointConfig checkpoint;
  CommitConfig commit;
  ClockConfig clock;
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

/// Reads `file`, lays `overrides` over it in their order (the last one wins) and validates. Paths
/// in the file are relative to the file, those of overrides to the working directory. Errors:
/// invalid_config, with every fault as file:line:col: key: problem.
Result<ServiceConfig> load_service(const std::string& file,
                                   std::span<const Override> overrides = {});

/// Whether a document with this top-level key is a service file: for `check`, which tells by
/// content.
bool is_service_key(std::string_view key);

}  // namespace fealty::config

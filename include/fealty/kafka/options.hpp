#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/streams.hpp"

namespace fealty::kafka {

/// The largest record that may come about: a saved version remembers every order of its member.
/// What topics of saved versions (changelog, members) are made with.
inline constexpr std::int64_t record_bytes_max = std::int64_t{16} << 20;

/// Bounds of the times. Brokers' own, by default, where they have any; a transaction must leave a
/// commit the time to be asked for, to fail and to be resolved.
inline constexpr std::chrono::milliseconds session_timeout_min{1'000};
inline constexpr std::chrono::milliseconds session_timeout_max{1'800'000};
inline constexpr std::chrono::milliseconds transaction_timeout_min{10'000};
inline constexpr std::chrono::milliseconds transaction_timeout_max{900'000};

/// For ever, as good as.
inline constexpr std::chrono::milliseconds broker_wait_max{std::chrono::hours{24 * 3650}};

/// Where a group that never committed begins.
enum class Start : std::uint8_t { earliest, latest };

/// How to reach the brokers and what to read and write there. Nothing here can change an outcome.
struct KafkaOptions {
  std::string brokers = "localhost:9092";  // host:port, comma separated
  std::string client_id = "fealty";

  // --- input
  std::string group = "fealty";  // consumer group: whose committed offsets these are
  std::string group_instance;  // static membership: a restart within session_timeout moves nothing
  std::string input_topic = "events";  // one topic, keyed by member
  /// Several topics are read in place of that one where either is given: by name, and those whose
  /// whole name a pattern (POSIX extended) matches, also such as are made later. Their partitions
  /// may grow. `input_topic` is then where what comes of them goes.
  std::vector<std::string> input_topics, input_patterns;
  /// How soon topics and partitions made later are seen.
  std::chrono::milliseconds discover_within{300'000};
  Start start = Start::earliest;

  // --- output: topics are the prefix and a stream's name
  ports::StreamTable streams;  // of static lifetime; one of them is placed as its input
  std::string output_prefix = "fealty.";
  /// Topics that are not called so: a stream's name, and its topic.
  std::vector<std::pair<std::string, std::string>> output_topics;
  std::string transactional_id;     // stable per worker; empty = <group>-<group_instance or 0>
  bool create_topics = true;        // make the output topics that are missing
  int replication_factor = -1;      // of created topics; -1 = the broker's default
  std::string compression = "lz4";  // none, gzip, snappy, lz4, zstd

  // --- security
  std::string security_protocol = "plaintext";  // plaintext, ssl, sasl_plaintext, sasl_ssl
  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI
  std::string sasl_mechanism = "PLAIN";
  std::string sasl_username;
  std::string sasl_password;       // never in a configuration file: from the environment
  std::string sasl_password_file;  // or the first line of this file
  std::string ca_file;             // CA certificates; empty = the system's
  std::string certificate_file;    // of this client, with key_file; empty = none
  std::string key_file;
  std::string token_file;          // OAUTHBEARER: read again before the token in it ends
  std::string kerberos_principal;  // GSSAPI: of this client
  std::string kerberos_keytab;
  std::string kerberos_service = "kafka";

  // --- times
  std::chrono::milliseconds start_timeout{15'000};  // brokers must answer within it at the start
  /// A member that is not heard of for so long loses its partitions. Whoever gets them then waits
  /// for what its last transaction may still commit: transaction_timeout at most.
  std::chrono::milliseconds session_timeout{45'000};
  std::chrono::milliseconds poll_interval_max{
      1'800'000};  // a long restore happens between two polls
  std::chrono::milliseconds transaction_timeout{60'000};  // the broker aborts what is open longer
  /// After this a commit's outcome counts as unknown and is resolved; at most half the one above.
  std::chrono::milliseconds commit_timeout{30'000};
  /// Brokers that go away in the middle of the work are waited for so long (an outcome that is
  /// unknown is resolved when they are back); then broker_unreachable. Not at the start.
  std::chrono::milliseconds broker_wait = broker_wait_max;
  std::chrono::milliseconds fetch_wait{10};  // the broker answers an empty fetch after this
  /// An output batch waits this long for more; a commit waits for none, it sends what there is.
  std::chrono::milliseconds linger{50};

  // --- sizes
  std::uint32_t fetch_queue_kib_max = 256 * 1024;   // records fetched ahead
  std::uint32_t output_queue_kib_max = 256 * 1024;  // records not yet acknowledged

  /// Further librdkafka properties, over those set here; each goes to the clients that it concerns.
  /// Those that would break a promise are refused (properties.hpp).
  std::vector<std::pair<std::string, std::string>> extra;

  [[nodiscard]] std::string effective_transactional_id() const;
  [[nodiscard]] bool several_inputs() const {
    return !input_topics.empty() || !input_patterns.empty();
  }
};

/// invalid_config with every fault found; touches no network and no file.
Result<void> validate(const KafkaOptions& options);

}  // namespace fealty::kafka

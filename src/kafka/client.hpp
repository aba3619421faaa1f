#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"
#include "handles.hpp"

namespace fealty::kafka {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// One librdkafka instance and what its callbacks leave behind.
/// Threads: callbacks run in whichever thread polls it; logs come from librdkafka's own threads,
/// and a token is read in one of them.
class Client {
 public:
  using Rebalance = std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)>;
  struct Hooks {
    Rebalance rebalance;                            // consumers of a group only
    std::function<void(rd_kafka_conf_t*)> prepare;  // interceptors and the like
  };

  /// invalid_config where librdkafka refuses a property. Opens no connection by itself.
  static Result<std::shared_ptr<Client>> make(rd_kafka_type_t type, const KafkaOptions& options,
                                              const Properties& properties, Hooks hooks);
  /// Bounded by teardown_max: see destroy_within().
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] rd_kafka_t* get() const { return rk_; }
  /// Not while another thread polls it.
  void on_rebalance_from_now(Rebalance told) { hooks_.rebalance = std::move(told); }
  /// The reason where brokers refused the credentials, or there was no token; empty again once
  /// there is a new one.
  [[nodiscard]] const std::string& refusal() const;
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  /// No broker can be reached, as far as the callbacks told since the last call of found().
  [[nodiscard]] bool away() const { return away_; }
  void found() { away_ = false; }
  /// Somebody said that a topic is not there, since this was asked last.
  bool topic_unknown() { return std::exchange(topic_unknown_, false); }
  /// A fatal error of the instance as ours; Ok where there is none.
  [[nodiscard]] Result<void> fatal() const;
  /// That fatal error is a refusal().
  [[nodiscard]] bool refused() const;
  /// Which member this consumer is now. Not while it is being closed: nobody would answer.
  void note_member();
  /// Whether this consumer is, or was when that was noted, the member of that id; with an empty
  /// one, whether it was any. Threads: any.
  [[nodiscard]] bool was_member(std::string_view id) const;

 private:
  Client() = default;
  static void on_error(rd_kafka_t* rk, int code, const char* reason, void* opaque);
  static void on_rebalance(rd_kafka_t* rk, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static void on_token(rd_kafka_t* rk, const char* config, void* opaque);
  static void on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text);

  rd_kafka_t* rk_ = nullptr;
  rd_kafka_type_t type_ = RD_KAFKA_PRODUCER;
  Hooks hooks_;
  mutable std::string refusal_;
  mutable std::atomic<bool> token_given_{false};  // since the last refusal
  std::string last_error_;
  std::string token_file_;
  bool away_ = false, topic_unknown_ = false;
  mutable std::mutex mutex_;
  std::string member_id_;  // as it was noted
};

/// Whether any broker answers within the time.
bool answers(const Client& client, int bound_ms);

/// What lies beside an offset in the group.
std::string_view metadata_of(const rd_kafka_topic_partition_t& entry);

/// The properties of each kind of client; those of section "what bites" are set here and nowhere
/// else.
Properties source_properties(const KafkaOptions& options);
Properties producer_properties(const KafkaOptions& options);
Properties reader_properties(const KafkaOptions& options);

}  // namespace fealty::kafka

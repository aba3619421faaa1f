#include "client.hpp"

#include <fmt/format.h>

#include <array>

#include "fealty/log/log.hpp"
#include "properties.hpp"
#include "security.hpp"
#include "teardown.hpp"

namespace fealty::kafka {

namespace {

// Properties that a librdkafka of the supported range may not know yet.
bool optional_property(std::string_view key) { return key == "fetch.queue.backoff.ms"; }

Result<void> set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  std::array<char, 512> reason{};
  const auto outcome =
      rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size());
  if (outcome == RD_KAFKA_CONF_OK) return {};
  if (outcome == RD_KAFKA_CONF_UNKNOWN && optional_property(key)) return {};
  return Error{Errc::invalid_config, "kafka", reason.data()};
}

Result<Properties> common_properties(const KafkaOptions& options) {
  Properties all{{"client.id", options.client_id},
                 {"log.connection.close", "false"},
                 {"reconnect.backoff.max.ms", "2000"}};
  const auto secured = security_properties(options);
  if (!secured) return secured.error();
  all.insert(all.end(), secured->begin(), secured->end());
  if (!options.brokers.empty()) all.emplace_back("bootstrap.servers", options.brokers);
  return all;
}

/// Empty where it is none, at the moment or at all.
std::string member_id(rd_kafka_t* consumer) {
  char* id = rd_kafka_memberid(consumer);
  if (id == nullptr) return {};
  std::string out{id};
  rd_kafka_mem_free(consumer, id);
  return out;
}

std::string ms(std::chrono::milliseconds time) { return std::to_string(time.count()); }

}  // namespace

Result<std::shared_ptr<Client>> Client::make(rd_kafka_type_t type, const KafkaOptions& options,
                                             const Properties& properties, Hooks hooks) {
  auto common = common_properties(options);
  if (!common) return common.error();
  ConfHandle conf{rd_kafka_conf_new()};
  for (const Properties* list :
       std::array<const Properties*, 3>{&*common, &properties, &options.extra}) {
    for (const auto& [key, value] : *list) {
      if (list == &options.extra && !property_concerns(type, key)) continue;
      if (auto done = set(conf.get(), key, value); !done) return done.error();
    }
  }
  std::shared_ptr<Client> client{new Client};
  client->type_ = type;
  client->hooks_ = std::move(hooks);
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_error_cb(conf.get(), &Client::on_error);
  rd_kafka_conf_set_log_cb(conf.get(), &Client::on_log);
  if (client->hooks_.rebalance) rd_kafka_conf_set_rebalance_cb(conf.get(), &Client::on_rebalance);
  if (client->hooks_.prepare) client->hooks_.prepare(conf.get());
  if (!options.token_file.empty()) {
    client->token_file_ = options.token_file;
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.get(), &Client::on_token);
    // Calls that wait for the brokers poll nothing meanwhile: the token has a thread of its own.
    rd_kafka_conf_enable_sasl_queue(conf.get(), 1);
  }

  std::array<char, 512> reason{};
  client->rk_ = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (client->rk_ == nullptr) return Error{Errc::invalid_config, "kafka", reason.data()};
  static_cast<void>(conf.release());  // rd_kafka_new() took it.
  if (!options.token_file.empty()) {
    const ErrorHandle failed{rd_kafka_sasl_background_callbacks_enable(client->rk_)};
    if (failed != nullptr) {
      return Error{Errc::invalid_config, "kafka", rd_kafka_error_string(failed.get())};
    }
  }
  return client;
}

Client::~Client() {
  if (rk_ == nullptr) return;
  if (type_ == RD_KAFKA_PRODUCER) {
    rd_kafka_purge(
        rk_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
  // The interceptors that the hooks set up are called to the very end.
  destroy_within(teardown_max, rk_, std::make_shared<Hooks>(std::move(hooks_)));
}

const std::string& Client::refusal() const {
  if (token_given_.exchange(false)) refusal_.clear();
  return refusal_;
}

Result<void> Client::fatal() const {
  std::array<char, 512> reason{};
  const auto code = rd_kafka_fatal_error(rk_, reason.data(), reason.size());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Error{broker_errc(code), "kafka", reason.data()};
}

bool Client::refused() const { return kafka::refusal(rd_kafka_fatal_error(rk_, nullptr, 0)); }

void Client::on_error(rd_kafka_t* rk, int code, const char* reason, void* opaque) {
  auto* self = static_cast<Client*>(opaque);
  const auto err = static_cast<rd_kafka_resp_err_t>(code);
  self->last_error_ = reason;
  if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self->away_ = true;
  if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) self->topic_unknown_ = true;
  if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL) {
    self->token_given_ = false;
    self->refusal_ = reason;
  }
  log::warn("kafka.error",
            {{"client", rd_kafka_name(rk)}, {"code", rd_kafka_err2name(err)}, {"reason", reason}});
}

void Client::on_token(rd_kafka_t* rk, const char*, void* opaque) {
  auto* self = static_cast<Client*>(opaque);
  if (give_token(rk, self->token_file_)) self->token_given_ = true;
}

void Client::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  static_cast<Client*>(opaque)->hooks_.rebalance(code, partitions);
}

void Client::note_member() {
  std::string id = member_id(rk_);
  const std::lock_guard lock{mutex_};
  if (!id.empty()) member_id_ = std::move(id);
}

bool Client::was_member(std::string_view id) const {
  if (!id.empty() && id == member_id(rk_)) return true;
  const std::lock_guard lock{mutex_};
  return !member_id_.empty() && (id.empty() || id == member_id_);
}

void Client::on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
  constexpr int syslog_error = 3, syslog_warning = 4;
  const auto fields = {log::Field{"client", rd_kafka_name(rk)}, log::Field{"facility", facility},
                       log::Field{"text", text}};
  if (level <= syslog_error) {
    log::warn("kafka.log", fields);  // librdkafka goes on by itself: no error of ours yet.
  } else if (level == syslog_warning) {
    log::info("kafka.log", fields);
  } else {
    log::debug("kafka.log", fields);
  }
}

bool answers(const Client& client, int bound_ms) {
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(client.get(), 0, nullptr, &metadata, bound_ms) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  rd_kafka_metadata_destroy(metadata);
  return true;
}

std::string_view metadata_of(const rd_kafka_topic_partition_t& entry) {
  if (entry.metadata == nullptr) return {};
  return {static_cast<const char*>(entry.metadata), entry.metadata_size};
}

Properties source_properties(const KafkaOptions& options) {
  Properties out = reader_properties(options);
  out.insert(out.end(), {{"group.id", options.group},
                         {"partition.assignment.strategy", "cooperative-sticky"},
                         {"session.timeout.ms", ms(options.session_timeout)},
                         {"heartbeat.interval.ms", ms(options.session_timeout / 15)},
                         {"max.poll.interval.ms",
                          ms(std::max(options.poll_interval_max, options.session_timeout))},
                         {"enable.partition.eof", "false"}});
  if (options.several_inputs()) {
    const std::string within = ms(options.discover_within);
    out.insert(out.end(), {{"topic.metadata.refresh.interval.ms", within}});
  }
  if (!options.group_instance.empty())
    out.emplace_back("group.instance.id", options.group_instance);
  return out;
}

Properties reader_properties(const KafkaOptions& options) {
  return {{"group.id", options.group + "-reader"},  // Never joined: assigned by hand.
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "error"},  // No silent jump.
          {"isolation.level", "read_committed"},
          {"check.crcs", "true"},
          {"allow.auto.create.topics", "false"},
          {"enable.partition.eof", "true"},
          {"fetch.wait.max.ms", ms(options.fetch_wait)},
          {"fetch.queue.backoff.ms", "10"},
          // Before 2.2 a full queue stops fetching for up to a second: bound it by bytes only.
          {"queued.min.messages", "10000000"},
          {"queued.max.messages.kbytes", std::to_string(options.fetch_queue_kib_max)}};
}

Properties producer_properties(const KafkaOptions& options) {
  // A record must fail before its transaction does.
  const auto message_timeout = options.transaction_timeout - std::chrono::seconds{5};
  return {{"transactional.id", options.effective_transactional_id()},
          {"transaction.timeout.ms", ms(options.transaction_timeout)},
          {"message.timeout.ms", ms(message_timeout)},
          {"partitioner", "murmur2_random"},  // As Java clients do.
          {"compression.codec", options.compression},
          {"linger.ms", ms(options.linger)},
          // A member of many thousand orders; batches of usual records stay at batch.size.
          {"message.max.bytes", std::to_string(record_bytes_max)},
          {"queue.buffering.max.messages", "10000000"},
          {"queue.buffering.max.kbytes", std::to_string(options.output_queue_kib_max)}};
}

}  // namespace fealty::kafka

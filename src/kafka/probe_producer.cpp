#include "probe_producer.hpp"

#include <array>

#include "security.hpp"

namespace fealty::kafka {

namespace {

struct Delivery {
  bool done = false;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

extern "C" void fealty_kafka_on_probe(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto* delivery = static_cast<Delivery*>(message->_private);
  if (delivery == nullptr) return;
  *delivery = {true, message->err, message->partition, message->offset};
}

}  // namespace

ProbeProducer::ProbeProducer(const KafkaOptions& options) : options_{options} {
  options_.transactional_id = id_of(options);
  options_.transaction_timeout = transaction_timeout_min;
}

std::string ProbeProducer::id_of(const KafkaOptions& options) {
  return options.effective_transactional_id() + "-check";
}

ProbeProducer::Answer ProbeProducer::answer_of(rd_kafka_error_t* error) const {
  const ErrorHandle owned{error};
  if (owned == nullptr) return {};
  Answer out;
  out.code = rd_kafka_error_code(owned.get());
  out.reason = rd_kafka_error_string(owned.get());
  return out;
}

ProbeProducer::Answer ProbeProducer::open(Deadline deadline) {
  Client::Hooks hooks;
  hooks.prepare = [](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_dr_msg_cb(conf, &fealty_kafka_on_probe);
  };
  auto client =
      Client::make(RD_KAFKA_PRODUCER, options_, producer_properties(options_), std::move(hooks));
  if (!client) {
    Answer refused;
    refused.code = RD_KAFKA_RESP_ERR__INVALID_ARG;
    refused.reason = client.error().detail;
    return refused;
  }
  client_ = std::move(*client);
  return answer_of(rd_kafka_init_transactions(client_->get(), deadline.left_ms() + 1));
}

ProbeProducer::Answer ProbeProducer::begin() {
  return answer_of(rd_kafka_begin_transaction(client_->get()));
}

/// Aborts; the first thing that went wrong is what counts.
ProbeProducer::Answer ProbeProducer::end(Answer answer, Deadline deadline) {
  answer.before_ms = unix_now_ms();
  const Answer aborted =
      answer_of(rd_kafka_abort_transaction(client_->get(), deadline.left_ms() + 1));
  answer.after_ms = unix_now_ms();
  if (!answer.ok() || aborted.ok()) return answer;
  return aborted;
}

ProbeProducer::Answer ProbeProducer::write(const std::string& topic, std::int64_t stamp_ms,
                                           Deadline deadline) {
  if (auto begun = begin(); !begun.ok()) return begun;
  constexpr std::string_view key = "fealty-check";
  auto delivery = std::make_unique<Delivery>();
  Answer answer;
  answer.code = rd_kafka_producev(
      client_->get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_KEY(key.data(), key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(key.data()), key.size()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(stamp_ms),
      RD_KAFKA_V_OPAQUE(delivery.get()), RD_KAFKA_V_END);
  if (answer.ok()) {
    while (!delivery->done && !deadline.passed()) {
      rd_kafka_flush(client_->get(), deadline.left_ms(100));
    }
    answer.code = delivery->done ? delivery->code : RD_KAFKA_RESP_ERR__TIMED_OUT;
    answer.partition = delivery->partition;
    answer.offset = delivery->offset;
    // What is still queued may report later: then nobody may read it any more.
    if (!delivery->done) static_cast<void>(delivery.release());
  }
  if (!answer.ok()) answer.reason = rd_kafka_err2str(answer.code);
  return end(std::move(answer), deadline);
}

ProbeProducer::Answer ProbeProducer::send_offset(const std::string& group, const std::string& topic,
                                                 Deadline deadline) {
  if (auto begun = begin(); !begun.ok()) return begun;
  const PartitionList list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = 0;
  const GroupHandle metadata{rd_kafka_consumer_group_metadata_new(group.c_str())};
  return end(answer_of(rd_kafka_send_offsets_to_transaction(
                 client_->get(), list.get(), metadata.get(), deadline.left_ms() + 1)),
             deadline);
}

}  // namespace fealty::kafka

#include "acks.hpp"

#include <fmt/format.h>

namespace fealty::kafka {

namespace {

/// What an abort or the end drops has not failed by itself.
void note_failure(ChangelogAcks& acks, const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || message.rkt == nullptr) {
    return;
  }
  const std::lock_guard lock{acks.mutex};
  if (!acks.failed.empty()) return;
  acks.failed =
      fmt::format("topic {}: {}", rd_kafka_topic_name(message.rkt), rd_kafka_err2str(message.err));
}

extern "C" rd_kafka_resp_err_t fealty_kafka_on_ack(rd_kafka_t*, rd_kafka_message_t* message,
                                                   void* opaque) {
  auto* acks = static_cast<ChangelogAcks*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    note_failure(*acks, *message);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  if (message->rkt != acks->topic || message->offset < 0 || message->partition < 0) {
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const auto partition = static_cast<std::size_t>(message->partition);
  if (partition >= acks->next.size()) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto next = static_cast<std::uint64_t>(message->offset) + 1;
  auto& slot = acks->next[partition];  // One partition is served by one broker thread at a time.
  if (slot.load(std::memory_order_relaxed) < next) slot.store(next, std::memory_order_release);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

extern "C" rd_kafka_resp_err_t fealty_kafka_on_new(rd_kafka_t* rk, const rd_kafka_conf_t*,
                                                   void* opaque, char*, std::size_t) {
  return rd_kafka_interceptor_add_on_acknowledgement(rk, "fealty", &fealty_kafka_on_ack, opaque);
}

}  // namespace

void tell(ChangelogAcks& acks, rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, "fealty", &fealty_kafka_on_new, &acks);
}

}  // namespace fealty::kafka

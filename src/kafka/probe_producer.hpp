#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client.hpp"

namespace fealty::kafka {

/// A transactional producer that only tries: each call is a transaction of its own, and aborted.
/// Threads: one. Errors: as librdkafka's code, with its reason.
class ProbeProducer {
 public:
  struct Answer {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string reason;
    // Of a record: where it lay, and between which times of this machine its end was marked.
    std::int32_t partition = -1;
    std::int64_t offset = -1;
    std::int64_t before_ms = 0, after_ms = 0;
    [[nodiscard]] bool ok() const { return code == RD_KAFKA_RESP_ERR_NO_ERROR; }
  };

  /// Under an id that no worker has. `options` are borrowed.
  explicit ProbeProducer(const KafkaOptions& options);
  static std::string id_of(const KafkaOptions& options);

  /// The right to the transactional id; the others come after one that went well.
  Answer open(Deadline deadline);
  /// `stamp_ms`: the record's time, 0 = now.
  Answer write(const std::string& topic, std::int64_t stamp_ms, Deadline deadline);
  /// Sends an offset of `topic` for the group.
  Answer send_offset(const std::string& group, const std::string& topic, Deadline deadline);

 private:
  Answer begin();
  Answer end(Answer answer, Deadline deadline);
  Answer answer_of(rd_kafka_error_t* error) const;

  KafkaOptions options_;
  std::shared_ptr<Client> client_;
};

}  // namespace fealty::kafka

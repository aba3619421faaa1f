#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "acks.hpp"
#include "client.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// One transactional producer: librdkafka's transactional calls with their errors sorted out.
///
/// After transaction_aborted call abort(); after fenced stop; after broker_unreachable the outcome
/// is unknown: destroy this producer and open another one, which fences what is still under way.
/// A broker gives up a transaction that is open for longer than transaction_timeout, and answers
/// from then on as if another worker had taken this one's place: which of the two it was, the age
/// of the transaction says. Then the code is transaction_aborted and timed_out() is true: destroy
/// it. Threads: one.
class Producer {
 public:
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  /// `interrupted`: once it is set, nothing is waited for any more. Borrows both.
  static Result<std::unique_ptr<Producer>> open(const KafkaOptions& options,
                                                std::uint32_t partitions, Deadline deadline,
                                                const std::atomic<bool>& interrupted);

  Result<void> begin();
  /// Copies keys and values, in order within a stream. A record's partition counts for the
  /// changelog, else its key decides. After an error some of them may have been taken.
  Result<void> produce(const ports::OutputBuffer& out);
  Result<void> send_offsets(PartitionList offsets, GroupHandle group, Deadline deadline);
  Result<void> commit(Deadline deadline);
  Result<void> abort(Deadline deadline);
  /// The broker gave its transaction up for its age; nothing but destroying it is left.
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  /// Which of its topics are not there; asks the brokers, for a second each at most.
  [[nodiscard]] std::string missing_topics() const;
  /// Serves callbacks.
  void poll() { rd_kafka_poll(client_->get(), 0); }
  [[nodiscard]] std::uint64_t changelog_acked(std::uint32_t partition) const {
    return acks_->next.at(partition).load(std::memory_order_acquire);
  }

 private:
  Producer() = default;
  Result<void> hand_over(ports::Stream stream);
  Result<void> produce_failed(rd_kafka_resp_err_t code, ports::Stream stream, std::size_t bytes);
  template <class Call>
  Result<void> until_done(const char* what, Deadline deadline, Call&& call);
  Result<void> sorted(const char* what, rd_kafka_error_t* error);
  Error replaced(std::string_view detail);
  std::string first_failure() const;

  const KafkaOptions* options_ = nullptr;
  const std::atomic<bool>* interrupted_ = nullptr;
  bool in_transaction_ = false, timed_out_ = false;
  std::chrono::steady_clock::time_point begun_{};         // the open transaction
  std::shared_ptr<ChangelogAcks> acks_;                   // shared with librdkafka's threads
  std::shared_ptr<Client> client_;                        // shared with a watchdog's thread
  std::vector<TopicHandle> topics_;                       // by stream
  std::vector<std::vector<rd_kafka_message_t>> waiting_;  // for the next call
};

}  // namespace fealty::kafka

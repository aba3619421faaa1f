#include "teardown.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "fealty/kafka/bus.hpp"
#include "fealty/log/log.hpp"

namespace fealty::kafka {

namespace {

std::atomic<int>& left() {
  static std::atomic<int> count{0};
  return count;
}

void close(std::chrono::milliseconds bound, rd_kafka_t* consumer) {
  constexpr int slice_ms = 50;
  const Deadline deadline{bound};
  const QueueHandle queue{rd_kafka_queue_new(consumer)};
  const ErrorHandle error{rd_kafka_consumer_close_queue(consumer, queue.get())};
  while (error == nullptr && rd_kafka_consumer_closed(consumer) == 0) {
    if (deadline.passed() ||
        rd_kafka_fatal_error(consumer, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      log::warn("kafka.close_unfinished", {{"client", rd_kafka_name(consumer)}});
      return;
    }
    rd_kafka_queue_poll_callback(queue.get(), deadline.left_ms(slice_ms));
  }
}

}  // namespace

bool left_behind() { return left() > 0; }
void note_left_behind() { ++left(); }

void leave_to_the_end(std::shared_ptr<void> kept) {
  static std::mutex mutex;
  static auto* const all = new std::vector<std::shared_ptr<void>>;  // never destroyed
  note_left_behind();
  const std::lock_guard lock{mutex};
  all->push_back(std::move(kept));
}

bool run_within(std::chrono::milliseconds bound, std::string_view name,
                std::function<void()> task) {
  std::packaged_task<void()> packaged{std::move(task)};
  auto done = packaged.get_future();
  std::thread runner{std::move(packaged)};
  if (done.wait_for(bound) == std::future_status::ready) {
    runner.join();
    return true;
  }
  runner.detach();
  note_left_behind();
  log::warn("kafka.left_behind", {{"client", name}, {"waited_ms", std::int64_t{bound.count()}}});
  return false;
}

void answer_closing(rd_kafka_t* consumer, bool given) {
  rd_kafka_topic_partition_list_t* raw = nullptr;
  if (!given && rd_kafka_assignment(consumer, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) raw = nullptr;
  const PartitionList list{raw != nullptr ? raw : rd_kafka_topic_partition_list_new(0)};
  const ErrorHandle answered{given ? rd_kafka_incremental_assign(consumer, list.get())
                                   : rd_kafka_incremental_unassign(consumer, list.get())};
}

void close_within(std::chrono::milliseconds bound, rd_kafka_t* consumer,
                  std::vector<bool> unanswered, std::shared_ptr<void> kept) {
  if (rd_kafka_fatal_error(consumer, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  constexpr std::chrono::seconds margin{1};  // The loop ends by itself, where it can.
  const std::string name = rd_kafka_name(consumer);
  run_within(bound + margin, name,
             [bound, consumer, unanswered = std::move(unanswered), kept = std::move(kept)] {
               // A rebalance still unanswered would keep the group, and the close, waiting.
               for (const bool given : unanswered) answer_closing(consumer, given);
               close(bound, consumer);
             });
}

void destroy_within(std::chrono::milliseconds bound, rd_kafka_t* rk, std::shared_ptr<void> kept) {
  const std::string name = rd_kafka_name(rk);
  run_within(bound, name, [rk, kept = std::move(kept)] {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  });
}

}  // namespace fealty::kafka

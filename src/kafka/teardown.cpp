#include "teardown.hpp"

#include <atomic>
#include <future>
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

}  // namespace

bool left_behind() { return left() > 0; }
void note_left_behind() { ++left(); }

void close_within(std::chrono::milliseconds bound, rd_kafka_t* consumer) {
  constexpr int slice_ms = 50;
  if (rd_kafka_fatal_error(consumer, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
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

void destroy_within(std::chrono::milliseconds bound, rd_kafka_t* rk, std::shared_ptr<void> kept) {
  const std::string name = rd_kafka_name(rk);
  std::packaged_task<void()> task{[rk, kept = std::move(kept)] {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }};
  auto done = task.get_future();
  std::thread runner{std::move(task)};
  if (done.wait_for(bound) == std::future_status::ready) {
    runner.join();
    return;
  }
  runner.detach();
  note_left_behind();
  log::warn("kafka.left_behind", {{"client", name}, {"waited_ms", std::int64_t{bound.count()}}});
}

}  // namespace fealty::kafka

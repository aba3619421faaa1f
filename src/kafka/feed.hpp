#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "fealty/ports/feed.hpp"

namespace fealty::kafka {

/// A topic followed by a consumer of its own that belongs to no group. Borrows `options`.
class KafkaFeed final : public ports::Feed {
 public:
  KafkaFeed(const KafkaOptions& options, std::string topic)
      : options_{options}, topic_{std::move(topic)} {}
  ~KafkaFeed() override;

  Result<void> open(std::span<const std::uint64_t> positions) override;
  Result<void> aim_at_end(std::optional<std::string_view> key) override;
  Result<bool> step(Visitor& visitor, std::chrono::milliseconds budget) override;
  [[nodiscard]] std::span<const std::uint64_t> positions() const override { return next_; }

 private:
  Result<bool> read(Visitor& visitor, std::chrono::milliseconds budget);
  Result<void> begin_at(std::span<const std::uint64_t> positions);
  Result<void> take(const rd_kafka_message_t& message, Visitor& visitor);
  [[nodiscard]] bool reached() const;
  Result<void> waited(std::uint64_t before, std::chrono::steady_clock::duration time);

  const KafkaOptions& options_;
  const std::string topic_;
  std::shared_ptr<Client> client_;
  QueueHandle records_;
  std::vector<rd_kafka_message_t*> fetched_;
  std::vector<std::uint64_t> next_;             // by partition
  std::vector<std::uint64_t> target_;           // likewise; 0 = none
  std::chrono::steady_clock::duration idle_{};  // in step(), short of the target, since it moved on
};

}  // namespace fealty::kafka

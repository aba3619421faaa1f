#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fealty/ports/input.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

/// A worker's source over the simulated cluster: it answers its group and tells its listener as
/// src/kafka/source.cpp does.
class SimSource final : public ports::Source {
 public:
  /// `instance`: of a static member, else empty. `append_time`: the input's timestamps are the
  /// broker's.
  SimSource(Trouble& process, std::string instance, bool append_time);

  /// A partition went.
  std::function<void(std::uint32_t)> on_gone;

  Result<void> open(ports::AssignmentListener& listener) override;
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override;
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override;

 private:
  struct Partition {
    bool owned = false, fetched = false;
    Offset next = 0;
  };
  Result<void> answer_group();
  Result<void> announce();
  Result<void> revoked(const GroupEvent& event);
  std::optional<std::vector<ports::Assignment>> committed();
  Result<void> fetch(ports::InputBatch& batch, std::size_t records_max);
  bool outlived();
  Error gap(std::uint32_t partition, ports::Offset from);
  Group& group() { return process_.cluster().group(); }

  Trouble& process_;
  const std::string instance_;
  const bool append_time_;
  ports::AssignmentListener* listener_ = nullptr;
  Group::MemberId member_ = 0;
  std::vector<Partition> partitions_;
  std::vector<std::uint32_t> unannounced_;
};

/// As the source tells people where a record lies.
std::string describe_record(std::uint32_t partition, ports::Offset offset);
/// Copies a log's record into a batch.
void take_record(ports::InputBatch& batch, std::uint32_t partition, const LogRecord& record,
                 bool append_time);

}  // namespace fealty::simulation

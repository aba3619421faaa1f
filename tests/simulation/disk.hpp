#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/state/key_value.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

/// The state directory of one machine. What is written there without fsync may be gone after a
/// crash, the last writes first, and of all partitions as of one write: a prefix stays. A copy is
/// another disk.
class Disk {
 public:
  using Pairs = std::map<std::string, std::string, std::less<>>;
  Pairs& pairs(std::uint32_t partition) { return partitions_[partition]; }
  [[nodiscard]] const std::map<std::uint32_t, Pairs>& partitions() const { return partitions_; }

  /// Changes until end_write() are one write, kept in all partitions or in none.
  void begin_write();
  void end_write() { writing_ = false; }
  void put(std::uint32_t partition, std::string_view key, std::optional<std::string_view> value);

  /// Takes back the last `writes`, or as many as are not safe yet.
  void cut_back(std::size_t writes);
  void wipe() { *this = Disk{}; }

 private:
  struct Undo {
    std::uint32_t partition = 0;
    std::string key;
    std::optional<std::string> before;
  };
  static constexpr std::size_t unsafe_max = 24;
  std::map<std::uint32_t, Pairs> partitions_;
  std::deque<std::vector<Undo>> unsafe_;
  bool writing_ = false;
};

/// The stores over a machine's disk, for one life of its process.
class SimStores final : public ports::MemberStores {
 public:
  SimStores(Disk& disk, Trouble& process) : disk_{disk}, process_{process} {}
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override;
  Result<void> save(std::span<const Save> saves) override;

 private:
  Disk& disk_;
  Trouble& process_;
};

/// A disk's pairs of one partition, as a store sees them.
std::unique_ptr<state::KeyValue> disk_map(Disk& disk, std::uint32_t partition, Bug bug = Bug::none);
/// A store that anybody may read a disk with, without a process.
std::unique_ptr<ports::MemberStore> read_only(Disk& disk, std::uint32_t partition);

}  // namespace fealty::simulation

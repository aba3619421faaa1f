#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fealty::kafka {

/// The numbers by which the other rooms know the input's partitions.
///
/// Of one topic they are the partitions' own, and nothing is kept. Of several, each is numbered
/// when it is first seen, and keeps its number as long as this process lives; another process may
/// number them otherwise.
/// Threads: any.
class InputTable {
 public:
  /// Of one topic.
  explicit InputTable(std::string only) : only_{std::move(only)} {}
  /// Of several.
  InputTable() = default;

  [[nodiscard]] bool several() const { return only_.empty(); }
  std::uint32_t number_of(std::string_view topic, std::int32_t partition);

  struct Place {
    const std::string& topic;  // lives as long as the table
    std::uint32_t partition = 0;
  };
  /// Precondition: of several, number_of() has given it out.
  [[nodiscard]] Place place_of(std::uint32_t number) const;
  /// "topic[partition]"
  [[nodiscard]] std::string describe(std::uint32_t number) const;

 private:
  struct Numbered {
    const std::string* topic;
    std::uint32_t partition;
  };
  const std::string only_;
  mutable std::mutex mutex_;                                                // guards what follows
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> numbers_;  // none yet: `unknown`
  std::deque<Numbered> places_;
};

}  // namespace fealty::kafka

#include "input_table.hpp"

#include <fmt/format.h>

#include <limits>

#include "fealty/base/check.hpp"

namespace fealty::kafka {
namespace {

constexpr auto unknown = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::uint32_t InputTable::number_of(std::string_view topic, std::int32_t partition) {
  const auto at = static_cast<std::uint32_t>(partition);
  if (!several()) return at;
  const std::lock_guard lock{mutex_};
  auto found = numbers_.find(topic);
  if (found == numbers_.end()) found = numbers_.emplace(topic, std::vector<std::uint32_t>{}).first;
  auto& [name, numbers] = *found;
  if (at >= numbers.size()) numbers.resize(at + std::size_t{1}, unknown);
  if (numbers[at] == unknown) {
    numbers[at] = static_cast<std::uint32_t>(places_.size());
    places_.push_back({&name, at});
  }
  return numbers[at];
}

InputTable::Place InputTable::place_of(std::uint32_t number) const {
  if (!several()) return {only_, number};
  const std::lock_guard lock{mutex_};
  check(number < places_.size(), "a partition is numbered before it is asked for");
  return {*places_[number].topic, places_[number].partition};
}

std::string InputTable::describe(std::uint32_t number) const {
  const Place place = place_of(number);
  return fmt::format("{}[{}]", place.topic, place.partition);
}

}  // namespace fealty::kafka

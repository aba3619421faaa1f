#include "fealty/runtime/waiting_room.hpp"

#include <algorithm>
#include <charconv>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

/// "ORDER\nORIGIN\nSINCE"; only an order may have a line end of its own.
constexpr char between = '\n';

struct Parts {
  std::string_view order, origin, since;
};
Parts parts_of(std::string_view key) {
  Parts out;
  const std::size_t last = key.rfind(between);
  if (last == std::string_view::npos) return {key, {}, {}};
  out.since = key.substr(last + 1);
  key = key.substr(0, last);
  const std::size_t first = key.rfind(between);
  if (first == std::string_view::npos) return {key, {}, out.since};
  out.origin = key.substr(first + 1);
  out.order = key.substr(0, first);
  return out;
}

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string WaitingRoom::key_of(std::string_view order, std::string_view origin,
                                std::int64_t since_ms) {
  return std::string{order} + between + std::string{origin} + between + std::to_string(since_ms);
}

std::string_view WaitingRoom::order_of(std::string_view key) { return parts_of(key).order; }

std::string_view WaitingRoom::Held::order() const { return order_of(key); }
std::string_view WaitingRoom::Held::origin() const { return parts_of(key).origin; }

bool WaitingRoom::take(std::uint32_t partition, std::string_view key, std::string_view value) {
  const auto known = by_key_.find(key);
  if (value.empty()) {
    if (known != by_key_.end()) take_out(known->second);
    return false;
  }
  if (known != by_key_.end()) return false;
  const Number number = next_++;
  Held& held = held_[number];
  held = {std::string{key}, std::string{value}, partition, number_of(parts_of(key).since)};
  by_key_.emplace(held.key, number);
  by_order_[std::string{held.order()}].push_back(number);
  by_age_.emplace(held.since_ms, number);
  return true;
}

WaitingRoom::Held WaitingRoom::take_out(Number number) {
  const auto found = held_.find(number);
  check(found != held_.end(), "what is indexed is held");
  Held out = std::move(found->second);
  held_.erase(found);
  by_key_.erase(out.key);
  by_age_.erase({out.since_ms, number});
  const auto order = by_order_.find(out.order());
  std::erase(order->second, number);
  if (order->second.empty()) by_order_.erase(order);
  return out;
}

std::vector<WaitingRoom::Held> WaitingRoom::leave(std::string_view order) {
  std::vector<Held> out;
  const auto found = by_order_.find(order);
  if (found == by_order_.end()) return out;
  const std::vector<Number> numbers = found->second;
  for (const Number number : numbers) out.push_back(take_out(number));
  return out;
}

std::vector<WaitingRoom::Held> WaitingRoom::leave_before(std::int64_t before_ms) {
  std::vector<Held> out;
  while (!by_age_.empty() && by_age_.begin()->first < before_ms) {
    out.push_back(take_out(by_age_.begin()->second));
  }
  return out;
}

std::vector<WaitingRoom::Held> WaitingRoom::leave_beyond(std::size_t held_max) {
  std::vector<Held> out;
  while (held_.size() > held_max) out.push_back(take_out(by_age_.begin()->second));
  return out;
}

std::vector<std::string> WaitingRoom::orders() const {
  std::vector<std::string> out;
  for (const auto& [order, numbers] : by_order_) out.push_back(order);
  return out;
}

void WaitingRoom::drop(std::uint32_t partition) {
  std::vector<Number> going;
  for (const auto& [number, held] : held_) {
    if (held.partition == partition) going.push_back(number);
  }
  for (const Number number : going) take_out(number);
}

void WaitingRoom::clear() {
  held_.clear();
  by_key_.clear();
  by_order_.clear();
  by_age_.clear();
}

}  // namespace fealty::runtime

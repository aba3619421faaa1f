#include "delivery.hpp"

#include "fealty/base/check.hpp"

namespace fealty::generator {
namespace {

constexpr std::uint32_t repeat_ms_max = 120'000;  // a repeat comes within two minutes

/// `line` with the value of the first `"key":` replaced, quoted or not; the key goes too where
/// `value` is empty. Every line has id, type and time near its beginning, none of them last.
std::string with_value(std::string_view line, std::string_view key, std::string_view value) {
  const std::string quoted = "\"" + std::string{key} + "\":";
  const std::size_t from = line.find(quoted);
  check(from != std::string_view::npos, "a line has the field that is to be damaged");
  const std::size_t to = line.find(",\"", from);
  check(to != std::string_view::npos, "the field is not the last one");
  if (value.empty()) return std::string{line.substr(0, from)} + std::string{line.substr(to + 1)};
  return std::string{line.substr(0, from)} + quoted + std::string{value} +
         std::string{line.substr(to)};
}

}  // namespace

std::string damaged(std::string_view line, Random& random) {
  switch (random.below(6)) {
    case 0:
      return with_value(line, "id", "");
    case 1:
      return with_value(line, "time", "");
    case 2:
      return with_value(line, "time", "\"yesterday\"");
    case 3:
      return with_value(line, "type", "17");
    case 4:
      return with_value(line, "id", "{\"no\":true}");
    default:
      return std::string{
          line.substr(0, 1 + random.below(static_cast<std::uint32_t>(line.size()) - 2))};
  }
}

Delivery::Delivery(const ShopOptions& options)
    : seed_{options.seed},
      malformed_share_{options.malformed_share},
      late_share_{options.late_share},
      duplicate_share_{options.duplicate_share},
      late_ms_max_{static_cast<std::uint32_t>(options.late_hours_max) * 3'600'000U} {}

std::size_t Delivery::arrivals(EventTime now, std::string& out, std::size_t lines_max) {
  std::size_t lines = 0;
  while (lines < lines_max && waiting(now)) {
    out += under_way_.top().line;
    out += '\n';
    under_way_.pop();
    ++lines;
  }
  return lines;
}

std::size_t Delivery::send(EventTime time, std::uint64_t number, std::string_view line,
                           std::string& out) {
  Random random{seed_, Purpose::delivery, number};
  EventTime arrival = time;
  const bool also_damaged = random.chance(malformed_share_);
  if (also_damaged) post(arrival, damaged(line, random));
  if (random.chance(late_share_)) {
    arrival += std::chrono::milliseconds{1000 + random.below(late_ms_max_)};
  }
  if (random.chance(duplicate_share_)) {
    const std::chrono::milliseconds gap{1 + random.below(repeat_ms_max)};
    post(arrival + gap, std::string{line});
  }
  if (also_damaged || arrival > time) {
    post(arrival, std::string{line});
    return 0;
  }
  out += line;
  out += '\n';
  return 1;
}

}  // namespace fealty::generator

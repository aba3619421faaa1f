#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fealty/base/time.hpp"

namespace fealty::simulation {

/// A small random log that has everything that makes recovery hard: late and repeated events,
/// refunds before and after their purchase, reservations, members quiet long enough for timers,
/// records that are no events.
class ShopLog {
 public:
  ShopLog(std::uint64_t seed, int members) : random_{seed}, members_{members} {}

  std::string next() {
    now_ms_ += std::int64_t{pick(200'000)} * 1000 * (pick(40) == 0 ? 60 : 1);
    if (pick(30) == 0) return broken();
    if (pick(20) == 0 && !recent_.empty()) return recent_[pick(recent_.size())];
    if (pick(40) == 0 && !all_.empty()) return all_[pick(all_.size())];  // however long ago
    std::string made = make();
    all_.push_back(made);
    recent_.push_back(made);
    if (recent_.size() > 30) recent_.erase(recent_.begin());
    return made;
  }
  /// Of the event made last that was not late.
  [[nodiscard]] EventTime now() const { return EventTime{std::chrono::milliseconds{now_ms_}}; }
  /// Some member looks at something, at this time.
  std::string view_at(EventTime time) {
    return event("view", pick(static_cast<std::size_t>(members_)), time, R"({"sku":"s2"})");
  }

 private:
  std::uint32_t pick(std::size_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string broken() {
    switch (pick(4)) {
      case 0:
        return R"({"specversion":"1.0","id":"cut)";
      case 1:
        return "";
      case 2:
        return R"({"specversion":"1.0","id":"x","type":"view","source":"s"})";
      default:
        return R"({"specversion":"1.0","id":"y)" + std::to_string(pick(1000)) +
               R"(","source":"s","type":"weather","subject":"m1","time":"2026-01-01T00:00:00Z","data":{}})";
    }
  }
  std::string make() {
    const std::uint32_t member = pick(static_cast<std::size_t>(members_));
    const std::int64_t late_ms = pick(8) == 0 ? std::int64_t{pick(40)} * 86'400'000 : 0;
    const EventTime time{std::chrono::milliseconds{now_ms_ - late_ms}};
    const std::uint32_t kind = pick(10);
    const std::string order = "o" + std::to_string(member) + "-" + std::to_string(pick(60));
    if (kind < 3) {
      return event("purchase", member, time,
                   R"({"order_id":")" + order + R"(","currency":"USD","total":)" +
                       std::to_string(pick(300)) + "." + std::to_string(10 + pick(90)) + "}");
    }
    if (kind == 3) {
      const std::string part = pick(2) == 0 ? R"(,"amount":)" + std::to_string(1 + pick(50)) : "";
      const std::string name =
          pick(2) == 0 ? R"(,"refund_id":"R)" + std::to_string(pick(99)) + "\"" : "";
      return event("refund", member, time, R"({"order_id":")" + order + "\"" + part + name + "}");
    }
    if (kind == 4) {
      constexpr std::array<const char*, 4> phases{"at_once", "reserve", "capture", "release"};
      return event("redemption", member, time,
                   R"({"redemption_id":"r)" + std::to_string(pick(30)) + R"(","points":)" +
                       std::to_string(1 + pick(100)) + R"(,"phase":")" + phases[pick(4)] + "\"}");
    }
    if (kind == 5) {
      return event("review", member, time,
                   R"({"sku":"s","rating":)" + std::to_string(1 + pick(5)) + "}");
    }
    return event(kind < 8 ? "view" : "click", member, time, R"({"sku":"s1"})");
  }
  std::string event(const std::string& type, std::uint32_t member, EventTime time,
                    const std::string& data) {
    return R"({"specversion":"1.0","id":"e)" + std::to_string(++count_) +
           R"(","source":"shop","type":")" + type + R"(","subject":"m)" + std::to_string(member) +
           R"(","time":")" + to_rfc3339(time) + R"(","data":)" + data + "}";
  }

  std::mt19937_64 random_;
  int members_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::uint64_t count_ = 0;
  std::vector<std::string> recent_, all_;
};

}  // namespace fealty::simulation

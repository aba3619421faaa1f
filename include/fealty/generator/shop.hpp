#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"

/// A synthetic shop with known truth, for tests, demonstrations and benchmarks.
namespace fealty::generator {

/// Who acts. by_rates: each member at their own rates, drawn from BG/NBD; uniform and zipf: each
/// event's member is drawn independently, as benchmarks want it.
enum class MemberSkew : std::uint8_t { by_rates, uniform, zipf };
std::optional<MemberSkew> member_skew_named(std::string_view name);

enum class Format : std::uint8_t { cloudevents, flat };
std::optional<Format> format_named(std::string_view name);

struct ShopOptions {
  std::uint64_t members = 1000;    // 1..50,000,000
  std::uint64_t events = 100'000;  // lines written, repeats and malformed ones included
  std::uint64_t seed = 1;          // also names the source, so ids of two seeds never collide
  EventTime start{std::chrono::milliseconds{1'735'689'600'000}};  // 2025-01-01T00:00:00Z
  std::int32_t days = 365;     // the events spread over about this many days
  std::uint32_t items = 2000;  // SKUs, of Zipf(1) popularity
  MemberSkew skew = MemberSkew::by_rates;
  Format format = Format::cloudevents;
  double refund_share = 0.06;      // of purchases
  double duplicate_share = 0.01;   // of events: delivered twice, byte for byte
  double late_share = 0.01;        // of events: delivered up to late_hours_max late
  double malformed_share = 0.002;  // of events: preceded by a damaged copy
  std::int32_t late_hours_max = 6;
  // Truth: purchases by BG/NBD (weeks), spend in dollars by Gamma-Gamma. Default: CDNOW's fits
  // (Fader, Hardie & Lee 2005; Fader & Hardie 2013).
  double r = 0.243, alpha = 4.414, a = 0.793, b = 2.426;
  double spend_p = 6.25, spend_q = 3.74, spend_v = 15.44;

  /// Every fault, empty if there is none. Error::field names the option.
  [[nodiscard]] std::vector<Error> validate() const;
};

/// What a member was drawn to be.
struct MemberTruth {
  double purchases_per_week = 0;  // lambda, while active
  double dropout = 0;             // probability of leaving for good after each repeat purchase
  double spend_mean = 0;          // dollars an order, shipping excluded
  EventTime joined;
};

/// The shop's events as text, one a line, in order of arrival. The same bytes for the same options
/// on every machine. Memory grows with members, not with events. Owns: all it needs. Threads: one
/// at a time. Errors: none; options must be valid (check).
class Shop {
 public:
  explicit Shop(const ShopOptions& options);
  ~Shop();
  Shop(Shop&&) noexcept;
  Shop& operator=(Shop&&) noexcept;

  /// Appends up to `events` lines to `out`. False once nothing more is to come.
  bool next_block(std::string& out, std::size_t events);
  /// From now on events carry this time instead of the shop's own: for live traffic.
  void stamp(EventTime now);
  [[nodiscard]] MemberTruth truth(std::uint64_t member) const;
  /// "m0000123".
  [[nodiscard]] static std::string member_id(std::uint64_t member);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// One JSON object and a line feed: what --truth writes for a member.
std::string truth_line(std::uint64_t member, const MemberTruth& truth);

}  // namespace fealty::generator

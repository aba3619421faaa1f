#include <array>

#include "fealty/base/check.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/history.hpp"

namespace fealty::member {
namespace {

constexpr std::array<std::string_view, 7> entry_names{"earn",    "reverse", "redeem", "reserve",
                                                      "capture", "release", "adjust"};
constexpr std::array<std::string_view, cause_type_count> cause_names{
    "",           "purchase",   "refund", "cancel",  "click",   "view",  "review", "login",
    "redemption", "adjustment", "enrol",  "profile", "consent", "merge", "erase",  "item"};
constexpr std::array<std::string_view, notice_type_count> notice_names{
    "points.earned",     "points.redeemed", "points.reserved",  "points.released",
    "points.reversed",   "points.adjusted", "balance.negative", "refund.exceeds_order",
    "tier.upgraded",     "tier.downgraded", "tier.corrected",   "churn.risk.raised",
    "churn.risk.cleared"};

}  // namespace

std::string_view name(EntryKind kind) {
  const auto at = static_cast<std::size_t>(kind);
  check(at < entry_names.size(), "an entry kind without a name");
  return entry_names[at];
}

std::string_view name(CauseType type) {
  const auto at = static_cast<std::size_t>(type);
  check(at < cause_names.size(), "a cause without a name");
  return cause_names[at];
}

std::string_view name(NoticeType type) {
  const auto at = static_cast<std::size_t>(type);
  check(at < notice_names.size(), "a notice type without a name");
  return notice_names[at];
}

std::optional<NoticeType> notice_type_named(std::string_view text) {
  for (std::size_t i = 0; i < notice_names.size(); ++i) {
    if (notice_names[i] == text) return static_cast<NoticeType>(i);
  }
  return std::nullopt;
}

}  // namespace fealty::member

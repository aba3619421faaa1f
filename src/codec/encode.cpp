#include "fealty/codec/encode.hpp"

#include <variant>

#include "fealty/base/decimal.hpp"
#include "fealty/member/notice_id.hpp"
#include "json_text.hpp"

namespace fealty::codec {
namespace {

using member::EntryKind;
using member::LedgerEntry;
using member::Notice;

/// Room for keys, punctuation, numbers and times of any one object here.
constexpr std::size_t fixed_bytes_max = 1024;

/// Where points move from and to. `points` is the change of the active balance; a capture leaves
/// it.
struct Accounts {
  std::string_view debit, credit;
};
Accounts accounts_of(const LedgerEntry& entry) {
  constexpr std::string_view active = "active";
  std::string_view other;
  switch (entry.kind) {
    case EntryKind::earn:
    case EntryKind::reverse:
      other = "issued";
      break;
    case EntryKind::redeem:
      other = "redeemed";
      break;
    case EntryKind::reserve:
    case EntryKind::release:
      other = "reserved";
      break;
    case EntryKind::adjust:
      other = "adjustment";
      break;
    case EntryKind::capture:
      return {"reserved", "redeemed"};
  }
  return entry.points >= 0 ? Accounts{other, active} : Accounts{active, other};
}

std::size_t bytes_max(const member::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text != nullptr ? json_bytes_max(*text) : JsonText::number_bytes_max;
}

void put(JsonText& json, const member::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    json.string(*text);
  } else {
    json.number(std::get<std::int64_t>(value));
  }
}

std::size_t bytes_max(const Notice& notice) {
  std::size_t size = fixed_bytes_max + json_bytes_max(notice.cause) +
                     json_bytes_max(notice.cause_source) + json_bytes_max(notice.rule) +
                     json_bytes_max(notice.explanation) + bytes_max(notice.before) +
                     bytes_max(notice.after);
  for (const auto& detail : notice.details) {
    size += json_bytes_max(detail.key) + bytes_max(detail.value) + 2;
  }
  return size;
}

void put_decimal(JsonText& json, std::int64_t units, int scale) {
  json.advance(write_decimal(units, scale, json.at()));
}

/// A day as "2026-11-22"; null for never, and for a year that has no four digits.
void put_day(JsonText& json, Day day, Day never) {
  static const Day first = first_day_of(0), end = first_day_of(10'000);
  if (day == never || day < first || day >= end) {
    json.raw("null");
    return;
  }
  json.raw("\"");
  json.advance(write_iso_date(day, json.at()));
  json.raw("\"");
}

}  // namespace

std::string notice_id(const Notice& notice, std::string_view member) {
  const member::NoticeId id = member::id_of(notice, member);
  std::string text;
  JsonText json{text, 32};
  json.hex(id.high).hex(id.low).finish();
  return text;
}

void encode_notice(const Notice& notice, std::string_view member, std::string_view program,
                   std::string& out) {
  const member::NoticeId id = member::id_of(notice, member);
  JsonText json{out, bytes_max(notice) + json_bytes_max(member) + json_bytes_max(program)};
  json.raw(R"({"specversion":"1.0","id":")").hex(id.high).hex(id.low);
  json.raw(R"(","source":"fealty/)").string_inside(program);
  json.raw(R"(","type":")").raw(name(notice.type));
  json.raw(R"(","subject":)").string(member);
  json.raw(R"(,"time":)").time(notice.time);
  json.raw(R"(,"datacontenttype":"application/json","data":{"before":)");
  put(json, notice.before);
  json.raw(R"(,"after":)");
  put(json, notice.after);
  json.raw(R"(,"cause":)").string(notice.cause);
  json.raw(R"(,"cause_source":)").string(notice.cause_source);
  json.raw(R"(,"cause_type":")").raw(name(notice.cause_type));
  json.raw(R"(","rule":)").string(notice.rule);
  json.raw(R"(,"rule_version":)").number(std::uint64_t{notice.rule_version});
  json.raw(R"(,"explanation":)").string(notice.explanation);
  json.raw(R"(,"details":{)");
  bool first = true;
  for (const auto& detail : notice.details) {
    if (!first) json.raw(",");
    first = false;
    json.string(detail.key).raw(":");
    put(json, detail.value);
  }
  json.raw("}}}").finish();
}

void encode_entry(const LedgerEntry& entry, std::string_view member, std::string& out) {
  JsonText json{out, fixed_bytes_max + json_bytes_max(member) + json_bytes_max(entry.cause) +
                         json_bytes_max(entry.cause_source) + json_bytes_max(entry.rule) +
                         json_bytes_max(entry.order_id) + json_bytes_max(entry.explanation)};
  const Accounts accounts = accounts_of(entry);
  json.raw(R"({"member":)").string(member);
  json.raw(R"(,"seq":)").number(entry.seq);
  json.raw(R"(,"entry":")").raw(name(entry.kind));
  json.raw(R"(","points":)").number(entry.points);
  json.raw(R"(,"balance":)").number(entry.balance_after);
  json.raw(R"(,"time":)").time(entry.time);
  json.raw(R"(,"cause":)").string(entry.cause);
  json.raw(R"(,"cause_source":)").string(entry.cause_source);
  json.raw(R"(,"cause_type":")").raw(name(entry.cause_type));
  json.raw(R"(","rule":)").string(entry.rule);
  json.raw(R"(,"rule_version":)").number(std::uint64_t{entry.rule_version});
  json.raw(R"(,"order_id":)").string(entry.order_id);
  json.raw(R"(,"debit":")").raw(accounts.debit);
  json.raw(R"(","credit":")").raw(accounts.credit);
  json.raw(R"(","position":)").number(entry.position);
  json.raw(R"(,"explanation":)").string(entry.explanation);
  json.raw(R"(,"hash":")").hex(entry.hash).raw(R"("})").finish();
}

void encode_member(const MemberView& view, std::string& out) {
  check(view.record != nullptr, "a view of a member");
  const member::Record& r = *view.record;
  JsonText json{out, 2 * fixed_bytes_max + json_bytes_max(r.id) + json_bytes_max(view.level)};
  json.raw(R"({"member":)").string(r.id);
  json.raw(R"(,"balance":)").number(r.balance);
  json.raw(R"(,"level":)").string(view.level);
  json.raw(R"(,"qualifying":)");
  put_decimal(json, view.qualifying, view.qualifying_scale);
  json.raw(R"(,"lifetime_points":)").number(r.lifetime_points);
  json.raw(R"(,"purchases":)").number(std::uint64_t{r.purchases});
  json.raw(R"(,"churn":)");
  put_decimal(json, view.churn_bp, 4);
  json.raw(R"(,"churn_at_risk":)").raw(view.churn_raised ? "true" : "false");
  json.raw(R"(,"reserved":)").number(r.reserved);
  json.raw(R"(,"redeemed_points":)").number(r.redeemed_points);
  json.raw(R"(,"refunds":)").number(std::uint64_t{r.refunds});
  json.raw(R"(,"revenue":)");
  put_decimal(json, r.revenue_minor, view.money_scale);
  json.raw(R"(,"refunded":)");
  put_decimal(json, r.refunded_minor, view.money_scale);
  json.raw(R"(,"level_since":)");
  put_day(json, view.level_since, 0);
  json.raw(R"(,"first_purchase":)");
  put_day(json, r.purchase_days.empty() ? no_day : r.purchase_days.front(), no_day);
  json.raw(R"(,"last_purchase":)");
  put_day(json, r.purchase_days.empty() ? no_day : r.purchase_days.back(), no_day);
  json.raw(R"(,"purchase_days":)").number(std::uint64_t{r.purchase_days.size()});
  json.raw(R"(,"clicks":)").number(std::uint64_t{r.clicks});
  json.raw(R"(,"views":)").number(std::uint64_t{r.views});
  json.raw(R"(,"reviews":)").number(std::uint64_t{r.reviews});
  json.raw(R"(,"rating_sum":)").number(std::uint64_t{r.rating_sum});
  json.raw(R"(,"logins":)").number(std::uint64_t{r.logins});
  json.raw(R"(,"joined":)");
  put_day(json, r.joined, no_day);
  json.raw(R"(,"first_seen":)");
  put_day(json, r.first_day, no_day);
  json.raw(R"(,"last_seen":)");
  put_day(json, r.last_day, -1);
  json.raw(R"(,"parked_refunds":)").number(std::uint64_t{r.rare->parked.size()});
  json.raw(R"(,"ledger_seq":)").number(r.ledger_seq);
  json.raw(R"(,"ledger_hash":")").hex(r.ledger_hash);
  json.raw(R"(","as_of":)").time(view.as_of).raw("}").finish();
}

}  // namespace fealty::codec

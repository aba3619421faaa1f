#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"

/// Effects -> JSON bytes, one object without a line end, appended to `out`. Key order and number
/// formats are fixed: same effects, same bytes. No allocation but the growth of `out`.
namespace fealty::codec {

/// A CloudEvents 1.0 notification: specversion, id, source ("fealty/<program id>"), type, subject
/// (the member), time, datacontenttype, data {before, after, cause, rule, rule_version,
/// explanation, details {...}}.
void encode_notice(const member::Notice& notice, std::string_view member, std::string_view program,
                   std::string& out);
/// One ledger line: member, seq, entry, points, balance, time, cause, rule, rule_version, order_id,
/// debit, credit, position, explanation, hash.
void encode_entry(const member::LedgerEntry& entry, std::string_view member, std::string& out);

/// What a reader is shown of a member, with the views that depend on the day computed by the
/// caller.
struct MemberView {
  const member::Record* record = nullptr;
  std::string_view level;  // name
  Day level_since = 0;     // 0 = since joining
  std::int64_t qualifying = 0;
  int qualifying_scale = 0;  // decimals: money is shown in major units
  int money_scale = 2;
  std::uint16_t churn_bp = 0;
  bool churn_raised = false;
  EventTime as_of{};  // the clock that the views are computed for
};
/// member, balance, level, qualifying, lifetime_points, purchases, churn (4 decimals), ...
void encode_member(const MemberView& view, std::string& out);

/// Payloads longer than this are cut in dead letters.
inline constexpr std::size_t deadletter_payload_max = 4096;
/// reason, field, detail, source, position, payload (where it is UTF-8) or payload_base64,
/// payload_bytes (full length), truncated. `source` is "file:line" or "topic[partition]@offset": it
/// names the partition where the input has some, so a replay gives the same lines for any number of
/// its own.
void encode_deadletter(const Error& error, std::string_view source, std::uint32_t partition,
                       event::Offset position, std::string_view payload, std::string& out);

/// The CloudEvents attribute that says where an event came from before it was put elsewhere.
inline constexpr std::string_view origin_attribute = "fealtyorigin";
/// An event in the canonical form: CloudEvents 1.0 JSON, structured, with data by the default
/// mapping, which decodes it to the same event again. What is absent is left out. `origin`: of the
/// attribute above; empty = none.
void encode_event(const event::Event& event, std::string& out, std::string_view origin = {});

/// The deterministic id of a notice: 32 hex digits.
std::string notice_id(const member::Notice& notice, std::string_view member);

}  // namespace fealty::codec

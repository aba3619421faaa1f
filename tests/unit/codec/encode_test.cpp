#include "fealty/codec/encode.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <set>

namespace fealty::codec {
namespace {

using member::EntryKind;
using member::LedgerEntry;
using member::Notice;
using member::NoticeType;

EventTime at_ms(std::int64_t ms) { return EventTime{std::chrono::milliseconds{ms}}; }

LedgerEntry an_entry() {
  return {.seq = 7,
          .kind = EntryKind::earn,
          .points = 20,
          .balance_after = 1'234,
          .time = at_ms(1'763'817'360'123),
          .position = 99,
          .cause = "evt-1",
          .cause_source = "/till/4",
          .cause_type = member::CauseType::purchase,
          .rule = "base+double",
          .rule_version = 3,
          .order_id = "o-1",
          .explanation = "1 point per whole USD of 20.50 USD",
          .hash = 0xfedc};
}
Notice a_notice() {
  Notice notice;
  notice.type = NoticeType::tier_upgraded;
  notice.time = at_ms(1'763'817'360'000);
  notice.cause = "evt-1";
  notice.cause_source = "/till/4";
  notice.cause_type = member::CauseType::purchase;
  notice.rule = "levels";
  notice.rule_version = 3;
  notice.before = std::string_view{"silver"};
  notice.after = std::string_view{"gold"};
  notice.details = {{"qualifying", std::int64_t{1'000}}, {"metric", std::string_view{"points"}}};
  notice.explanation = "1000 of 1000 points";
  return notice;
}
std::string line_of(const LedgerEntry& entry, std::string_view member = "anna") {
  std::string out;
  encode_entry(entry, member, out);
  return out;
}
std::string line_of(const Notice& notice, std::string_view member = "anna") {
  std::string out;
  encode_notice(notice, member, "shop", out);
  return out;
}
/// The text that a reader gets for `key` of a JSON object.
std::string text_in(const std::string& json, std::string_view key) {
  simdjson::dom::parser parser;
  std::string_view text;
  const auto failed = parser.parse(json)[key].get_string().get(text);
  EXPECT_FALSE(failed) << key << " in " << json;
  return std::string{text};
}

TEST(EncodeEntry, WritesTheDocumentedKeysInTheirOrder) {
  EXPECT_EQ(line_of(an_entry()),
            R"({"member":"anna","seq":7,"entry":"earn","points":20,"balance":1234,)"
            R"("time":"2025-11-22T13:16:00.123Z","cause":"evt-1","cause_source":"/till/4",)"
            R"("cause_type":"purchase","rule":"base+double","rule_version":3,)"
            R"("order_id":"o-1","debit":"issued","credit":"active","position":99,)"
            R"("explanation":"1 point per whole USD of 20.50 USD","hash":"000000000000fedc"})");
}

TEST(EncodeEntry, AppendsBehindWhatIsThere) {
  std::string out = "before\n";
  encode_entry(an_entry(), "anna", out);
  EXPECT_EQ(out, "before\n" + line_of(an_entry()));
}

TEST(EncodeEntry, MovesPointsFromTheAccountThatGivesToTheOneThatGets) {
  struct Row {
    EntryKind kind;
    std::int64_t points;
    std::string_view debit, credit;
  };
  const Row rows[] = {
      {EntryKind::earn, 5, "issued", "active"},
      {EntryKind::reverse, -5, "active", "issued"},
      {EntryKind::redeem, -5, "active", "redeemed"},
      {EntryKind::reserve, -5, "active", "reserved"},
      {EntryKind::capture, 0, "reserved", "redeemed"},
      {EntryKind::release, 5, "reserved", "active"},
      {EntryKind::adjust, 5, "adjustment", "active"},
      {EntryKind::adjust, -5, "active", "adjustment"},
  };
  for (const Row& row : rows) {
    LedgerEntry entry = an_entry();
    entry.kind = row.kind;
    entry.points = row.points;
    EXPECT_EQ(text_in(line_of(entry), "debit"), row.debit) << name(row.kind);
    EXPECT_EQ(text_in(line_of(entry), "credit"), row.credit) << name(row.kind);
  }
}

TEST(EncodeEntry, WritesTheSmallestAndLargestNumbers) {
  LedgerEntry entry = an_entry();
  entry.points = std::numeric_limits<std::int64_t>::min();
  entry.seq = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(line_of(entry), testing::HasSubstr(R"("seq":18446744073709551615,)"));
  EXPECT_THAT(line_of(entry), testing::HasSubstr(R"("points":-9223372036854775808,)"));
}

TEST(EncodeText, GivesBackAnyTextAtAnyPlace) {
  // Each character that needs care, at each place of a text longer than two steps of the fast path.
  std::string awkward = "\"\\/\b\f\n\r\t\x7f";
  for (char c = 1; c < 0x20; ++c) awkward.push_back(c);
  awkward.push_back('\0');
  for (const char c : awkward) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text = "aaaaaaaaaaaaaaaaaaaa";
      text[at] = c;
      const std::string line = line_of(an_entry(), text);
      EXPECT_EQ(text_in(line, "member"), text);
      EXPECT_EQ(line.find('\n'), std::string::npos);
    }
  }
  for (const std::string& text :
       {std::string{}, std::string{"zo\xc3\xab \xe2\x82\xac \xf0\x9f\x8e\x81"},
        std::string(100, '"'), std::string(4'000, '\x01')}) {
    EXPECT_EQ(text_in(line_of(an_entry(), text), "member"), text);
  }
}

TEST(EncodeNotice, WritesACloudEvent) {
  EXPECT_EQ(line_of(a_notice()),
            R"({"specversion":"1.0","id":")" + notice_id(a_notice(), "anna") +
                R"(","source":"fealty/shop","type":"tier.upgraded","subject":"anna",)"
                R"("time":"2025-11-22T13:16:00Z","datacontenttype":"application/json",)"
                R"("data":{"before":"silver","after":"gold","cause":"evt-1",)"
                R"("cause_source":"/till/4","cause_type":"purchase","rule":"levels",)"
                R"("rule_version":3,"explanation":"1000 of 1000 points",)"
                R"("details":{"qualifying":1000,"metric":"points"}}})");
}

TEST(EncodeNotice, HasAnIdOfItsOwnForEverythingThatMakesIt) {
  // The first: fixed for ever, or consumers that drop repeats see old notices again.
  EXPECT_EQ(notice_id(a_notice(), "anna"), "685b8779bf6f9a27b36bcbc33ec3a864");
  std::set<std::string> ids{notice_id(a_notice(), "anna"), notice_id(a_notice(), "bob")};
  Notice other = a_notice();
  other.type = NoticeType::tier_downgraded;
  ids.insert(notice_id(other, "anna"));
  other = a_notice();
  other.cause = "evt-2";
  ids.insert(notice_id(other, "anna"));
  other = a_notice();
  other.cause_source = "/till/5";
  ids.insert(notice_id(other, "anna"));
  other = a_notice();
  other.cause_type = member::CauseType::cancel;
  ids.insert(notice_id(other, "anna"));
  other = a_notice();
  other.rule_version = 4;
  ids.insert(notice_id(other, "anna"));
  other = a_notice();
  other.ordinal = 1;
  ids.insert(notice_id(other, "anna"));
  EXPECT_EQ(ids.size(), 8U);
  // What it says is not part of it.
  other = a_notice();
  other.explanation = "in other words";
  EXPECT_EQ(notice_id(other, "anna"), notice_id(a_notice(), "anna"));
}

TEST(EncodeMember, WritesTheDocumentedKeysInTheirOrder) {
  member::Record record;
  record.id = "anna";
  record.balance = -5;
  record.lifetime_points = 100;
  record.redeemed_points = 40;
  record.reserved = 3;
  record.purchases = 2;
  record.refunds = 1;
  record.revenue_minor = 123'456;
  record.refunded_minor = 5;
  record.purchase_days = {20'000, 20'100};
  record.first_day = 19'999;
  record.last_day = 20'101;
  record.clicks = 1;
  record.views = 2;
  record.reviews = 3;
  record.rating_sum = 12;
  record.logins = 4;
  record.joined = -1;
  record.ledger_seq = 6;
  record.ledger_hash = 0xabc;
  std::string out;
  encode_member({.record = &record,
                 .level = "gold",
                 .level_since = 20'000,
                 .qualifying = 123'456,
                 .qualifying_scale = 2,
                 .money_scale = 2,
                 .churn_bp = 421,
                 .churn_raised = true,
                 .as_of = at_ms(0)},
                out);
  EXPECT_EQ(
      out,
      R"({"member":"anna","balance":-5,"level":"gold","qualifying":1234.56,"lifetime_points":100,)"
      R"("purchases":2,"churn":0.0421,"churn_at_risk":true,"reserved":3,"redeemed_points":40,)"
      R"("refunds":1,"revenue":1234.56,"refunded":0.05,"level_since":"2024-10-04",)"
      R"("first_purchase":"2024-10-04","last_purchase":"2025-01-12","purchase_days":2,)"
      R"("clicks":1,"views":2,"reviews":3,"rating_sum":12,"logins":4,"joined":"1969-12-31",)"
      R"("first_seen":"2024-10-03","last_seen":"2025-01-13","parked_refunds":0,)"
      R"("ledger_seq":6,"ledger_hash":"0000000000000abc","as_of":"1970-01-01T00:00:00Z"})");
}

TEST(EncodeMember, WritesNullForWhatNeverWas) {
  member::Record record;
  record.id = "fresh";
  record.joined = std::numeric_limits<Day>::min();  // No year of four digits.
  std::string out;
  encode_member({.record = &record, .level = "base", .churn_bp = 10'000}, out);
  for (const std::string_view key :
       {"level_since", "first_purchase", "last_purchase", "joined", "first_seen", "last_seen"}) {
    EXPECT_THAT(out, testing::HasSubstr("\"" + std::string{key} + "\":null"));
  }
  EXPECT_THAT(out, testing::HasSubstr(R"("churn":1.0000,)"));
}

std::string letter(std::string_view payload,
                   const Error& error = {Errc::missing_field, "total", ""}) {
  std::string out;
  encode_deadletter(error, "log.ndjson:3", 0, 2, payload, out);
  simdjson::dom::parser parser;
  EXPECT_FALSE(parser.parse(out).error()) << out;
  return out;
}

TEST(EncodeDeadletter, SaysWhatWasWrongWhereAndHoldsThePayload) {
  EXPECT_EQ(letter(R"({"a":1})"),
            R"({"reason":"missing_field","field":"total","detail":"","source":"log.ndjson:3",)"
            R"("position":2,"payload":"{\"a\":1}","payload_bytes":7,"truncated":false})");
}

TEST(EncodeDeadletter, HoldsBytesThatAreNoTextAsBase64) {
  EXPECT_THAT(letter("\xff"), testing::HasSubstr(R"("payload_base64":"/w==","payload_bytes":1,)"));
  EXPECT_THAT(letter("\xff\x01"), testing::HasSubstr(R"("payload_base64":"/wE=")"));
  EXPECT_THAT(letter("\xff\x01\x02"), testing::HasSubstr(R"("payload_base64":"/wEC")"));
  EXPECT_EQ(text_in(letter(std::string{"a\0b", 3}), "payload"), (std::string{"a\0b", 3}));
  EXPECT_EQ(text_in(letter(""), "payload"), "");
}

TEST(EncodeDeadletter, CutsALongPayloadBetweenCharacters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string payload(shift, 'a');
    while (payload.size() < 3 * deadletter_payload_max) payload += "\xf0\x9f\x8e\x81";
    const std::string kept = text_in(letter(payload), "payload");
    EXPECT_LE(kept.size(), deadletter_payload_max);
    EXPECT_GT(kept.size(), deadletter_payload_max - 4);
    EXPECT_EQ(kept, payload.substr(0, kept.size()));
    EXPECT_THAT(letter(payload),
                testing::EndsWith(R"("payload_bytes":)" + std::to_string(payload.size()) +
                                  R"(,"truncated":true})"));
  }
  EXPECT_LT(letter(std::string(100'000, '\xff')).size(), 2 * deadletter_payload_max);
  EXPECT_THAT(letter(std::string(deadletter_payload_max, 'a')), testing::HasSubstr("false"));
}

TEST(EncodeDeadletter, StaysJsonWhateverTheErrorSays) {
  const std::string out = letter("x", {Errc::wrong_type, "total", "not a number: \xff\"1\""});
  EXPECT_EQ(text_in(out, "detail"), "not a number: ?\"1\"");
}

}  // namespace
}  // namespace fealty::codec

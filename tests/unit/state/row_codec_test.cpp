#include <gmock/gmock.h>

#include "fealty/state/schema.hpp"
#include "store_fixture.hpp"

namespace fealty::state {
namespace {

using member::RowKey;

/// What a store writes of rows of every kind: each row's key, and its value.
struct Written {
  RowKey key;
  Schema schema;
  std::string value;
};
std::vector<Written> written(ports::MemberStore& store) {
  member::Effects effects;
  effects.order.renew() = samples::order(5);
  effects.parked.renew() = samples::parked();
  std::vector<Written> out;
  const auto add = [&](Schema schema, const member::RowChange& change) {
    std::string head, bytes;
    store.encode(change.key, head);
    store.encode(change, effects, bytes);
    EXPECT_TRUE(bytes.starts_with(head));
    out.push_back({change.key, schema, bytes.substr(head.size())});
  };
  add(Schema::order, samples::put(RowKey::order("order-5")));
  add(Schema::delivery, samples::put(RowKey::business(0x31, "d"), {"e", "/shop", 9, 0x31}));
  add(Schema::delivery, samples::put(RowKey::event("e", "/shop"), {{}, {}, 9, 0}));
  add(Schema::parked, samples::put(RowKey::parked(7)));
  add(Schema::reservation, samples::put(RowKey::reservation("d"), {}, 1'000'000'000'000));
  return out;
}

TEST(RowCodec, GivesBackEveryFieldAndKeepsToItsSchema) {
  MemoryStore store;
  std::vector<member::FoundRow> rows;
  for (const Written& row : written(store)) {
    member::FoundRow& found = rows.emplace_back();
    found.key = row.key;
    ASSERT_TRUE(store.decode(row.value, found));
    EXPECT_TRUE(found.found);
    const auto again = through_schema(row.schema, row.value);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, row.value);
  }
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].order, samples::order(5));
  EXPECT_EQ(rows[1].delivery, (member::DeliveryRow{"e", "/shop", 9, 0x31}));
  EXPECT_EQ(rows[2].delivery, (member::DeliveryRow{{}, {}, 9, 0}));
  EXPECT_EQ(rows[3].parked, samples::parked());
  EXPECT_EQ(rows[4].reserved, 1'000'000'000'000);
}

TEST(RowCodec, NeverTakesOneRowsChangeForAnothers) {
  // The bytes with which a change begins are those of its own row alone.
  MemoryStore store;
  const std::vector<RowKey> keys{RowKey::order("a"),
                                 RowKey::order("ab"),
                                 RowKey::reservation("a"),
                                 RowKey::reservation(""),
                                 RowKey::event("a", "b"),
                                 RowKey::event("ab", ""),
                                 RowKey::named_event(1, "a", "b"),
                                 RowKey::business(1, "a"),
                                 RowKey::business(1, "ab"),
                                 RowKey::parked(1),
                                 RowKey::parked(2)};
  std::vector<std::string> heads;
  for (const RowKey& key : keys) store.encode(key, heads.emplace_back());
  for (std::size_t a = 0; a < heads.size(); ++a) {
    for (std::size_t b = 0; b < heads.size(); ++b) {
      EXPECT_EQ((heads[a] + "value").starts_with(heads[b]), a == b) << a << ' ' << b;
    }
  }
}

TEST(RowCodec, RefusesWhatNoEncoderMade) {
  MemoryStore store;
  for (const Written& row : written(store)) {
    member::FoundRow found;
    found.key = row.key;
    EXPECT_EQ(store.decode("", found).error().code, Errc::store_corrupt);
    EXPECT_EQ(store.decode("\x08\x01\xff", found).error().code, Errc::wrong_revision);
    EXPECT_EQ(store.decode("\x08\x03\xff", found).error().code, Errc::wrong_revision);
    const std::string cut = row.value.substr(0, row.value.size() - 1);
    EXPECT_EQ(store.decode(cut, found).error().code, Errc::store_corrupt);
    for (const int flip : {0x01, 0x80, 0xff}) {
      for (std::size_t i = 0; i < row.value.size(); ++i) {
        std::string flipped = row.value;
        flipped[i] = static_cast<char>(flipped[i] ^ flip);
        if (const auto read = store.decode(flipped, found); !read) {
          EXPECT_THAT(read.error().code, testing::AnyOf(Errc::store_corrupt, Errc::wrong_revision));
        }
      }
    }
  }
}

/// The largest member that the bounds allow. A record must fit into one message of any broker, and
/// into what a save holds of each.
TEST(RecordCodec, TheLargestRecordThatTheBoundsAllowStaysBelowItsLimit) {
  member::Record largest;
  largest.id = std::string(event::member_bytes_max, 'm');
  // Numbers at their ends, negative where those take more.
  constexpr std::int64_t most = 1'000'000'000'000'000'000;
  largest.as_of = ~std::uint64_t{0};
  largest.balance = -most;
  largest.lifetime_points = largest.revenue_minor = largest.refunded_minor = most;
  largest.reserved = largest.redeemed_points = most;
  largest.ledger_seq = largest.ledger_hash = ~std::uint64_t{0};
  largest.purchases = largest.refunds = largest.clicks = largest.views = largest.logins = ~0U;
  largest.reviews = largest.rating_sum = largest.timer_notices = ~0U;
  largest.level = {255, -150'000, 3'000'000};
  largest.churn = {true, -150'000, 3'000'000};
  largest.churn_bp = 0xffff;
  largest.first_day = largest.joined = largest.birthday = -150'000;
  largest.last_day = 3'000'000;
  largest.through = 3'000'001;
  largest.last_time = samples::at_ms(250'000'000'000'000);
  largest.recent_ids.fill(~std::uint64_t{0});
  largest.recent_next = 15;
  // Days as far apart as years 1601 to 9999 allow: a delta takes two bytes from 64 on, three from
  // 8,192 on.
  Day day = -134'774;
  for (std::size_t i = 0; i < member::purchase_days_max; ++i) {
    largest.purchase_days.push_back(day);
    day += i < 320 ? 8'192 : 64;
  }
  // Old orders told late and given back at once. A refund's order is either kept beside it, or one
  // of those whose sum is bounded: amounts of such a size come in pairs.
  day = -134'774;
  for (std::size_t i = 0; i < member::amounts_max / 2; ++i) {
    largest.qualifying.push_back({day, 2'999'600, most});
    largest.qualifying.push_back({day, 3'000'000, -most});
    day += i < 110 ? 8'192 : 64;
  }
  largest.level_base = {.day = 2'999'600, .since = 2'900'000, .falls = 3'000'000, .level = 255};
  largest.announced.edit().level = {{~std::uint64_t{0}, ~std::uint64_t{0}}, 3'000'001};
  largest.announced.edit().churn = {{~std::uint64_t{0}, ~std::uint64_t{0}}, 3'000'000};
  largest.rare.edit().attributes.assign(member::attributes_bytes_max, 'a');
  largest.rare.edit().time_zone.assign(member::time_zone_bytes_max, 'z');
  largest.rare.edit().reservations = member::reservations_max;
  for (std::uint8_t n = 0; n < member::parked_max; ++n) {
    largest.rare.edit().parked.push_back({~std::uint64_t{0}, n});
  }
  // The window's bytes go into texts, or into many events with their own source.
  for (std::uint8_t n = 0; n < member::DeliveryWindow::count_max; ++n) {
    const std::string id(32, static_cast<char>('a' + n)), source(38, static_cast<char>('a' + n)),
        business(38, static_cast<char>('A' + n));
    const member::Delivery next{id, source, business, ~std::uint64_t{0}, 0x3f, true};
    ASSERT_TRUE(largest.deliveries.has_room_for(next));
    largest.deliveries.push_back(next);
  }
  largest.deliveries.set_left(~std::uint64_t{0});
  std::string bytes;
  encode_record(largest, largest.as_of, bytes);

  EXPECT_LT(bytes.size(), member::record_bytes_max);
  member::Record read;
  ASSERT_TRUE(decode_record(largest.id, bytes, read));
  EXPECT_EQ(read, largest);
}

}  // namespace
}  // namespace fealty::state

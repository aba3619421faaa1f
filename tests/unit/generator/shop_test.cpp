#include "fealty/generator/shop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/hash.hpp"

namespace fealty::generator {
namespace {

std::string all_of(const ShopOptions& options, std::size_t block = 1000) {
  Shop shop{options};
  std::string out;
  while (shop.next_block(out, block)) {
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// The text value of `"key":"..."`, empty where there is none. Enough for what the shop writes.
std::string_view field(std::string_view line, std::string_view key) {
  const std::string quoted = "\"" + std::string{key} + "\":\"";
  const std::size_t at = line.find(quoted);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + quoted.size();
  return line.substr(from, line.find('"', from) - from);
}

/// Brackets and quotes close, in order: no decoder, but a cut line never passes.
bool is_closed(std::string_view line) {
  std::string open;
  bool in_text = false;
  for (const char c : line) {
    if (c == '"') in_text = !in_text;
    if (in_text) continue;
    if (c == '{' || c == '[') open.push_back(c == '{' ? '}' : ']');
    if (c == '}' || c == ']') {
      if (open.empty() || open.back() != c) return false;
      open.pop_back();
    }
  }
  return open.empty() && !in_text && !line.empty();
}

bool is_well_formed(std::string_view line) {
  return is_closed(line) && !field(line, "id").empty() && !field(line, "type").empty() &&
         !field(line, "subject").empty() && field(line, "time").starts_with("20");
}

ShopOptions small() {
  ShopOptions options;
  options.members = 500;
  options.events = 10'000;
  options.seed = 42;
  return options;
}

/// Nothing but what happens in the shop: all of it once, in order.
ShopOptions undisturbed() {
  ShopOptions options = small();
  options.duplicate_share = options.late_share = options.malformed_share = 0;
  return options;
}

std::map<std::string, std::size_t> types_of(std::string_view text) {
  std::map<std::string, std::size_t> types;
  for (const std::string_view line : lines_of(text)) ++types[std::string{field(line, "type")}];
  return types;
}

TEST(Shop, SameOptionsGiveTheSameBytesOnEveryMachine) {
  EXPECT_EQ(all_of(small()), all_of(small()));
  EXPECT_EQ(hash64(all_of(small())), 0x2c560b00ece6aa5bULL);
  ShopOptions drawn = small();
  drawn.skew = MemberSkew::zipf;
  EXPECT_EQ(hash64(all_of(drawn)), 0x4dbaa62e6c711f43ULL);
}

TEST(Shop, BlockSizeDoesNotChangeTheBytes) {
  for (const MemberSkew skew : {MemberSkew::by_rates, MemberSkew::zipf}) {
    ShopOptions options = small();
    options.skew = skew;
    const std::string whole = all_of(options, 1'000'000);
    EXPECT_EQ(all_of(options, 1), whole);
    EXPECT_EQ(all_of(options, 7), whole);
  }
}

TEST(Shop, SeedsDiffer) {
  ShopOptions other = small();
  other.seed = 43;
  EXPECT_NE(all_of(small()), all_of(other));
}

TEST(Shop, GivesExactlyTheLinesAskedFor) {
  for (const std::uint64_t events : {0U, 1U, 17U, 10'000U}) {
    ShopOptions options = small();
    options.events = events;
    EXPECT_EQ(lines_of(all_of(options)).size(), events);
  }
}

TEST(Shop, FewMembersKeepBuyingUntilAllLinesAreWritten) {
  ShopOptions options = small();
  options.members = 1;
  options.days = 1;
  EXPECT_EQ(lines_of(all_of(options)).size(), 10'000U);
}

TEST(Shop, EveryUndamagedLineIsAWholeEvent) {
  ShopOptions options = small();
  options.malformed_share = 0;
  for (const MemberSkew skew : {MemberSkew::by_rates, MemberSkew::uniform}) {
    options.skew = skew;
    const std::string log = all_of(options);
    for (const std::string_view line : lines_of(log)) {
      ASSERT_TRUE(is_well_formed(line)) << line;
      ASSERT_EQ(field(line, "specversion"), "1.0");
      ASSERT_LE(line.size(), 1200U);
    }
  }
}

TEST(Shop, EveryKindOfEventHappens) {
  for (const MemberSkew skew : {MemberSkew::by_rates, MemberSkew::uniform, MemberSkew::zipf}) {
    ShopOptions options = undisturbed();
    options.skew = skew;
    const auto types = types_of(all_of(options));
    EXPECT_THAT(types, testing::SizeIs(8));
    for (const char* type :
         {"view", "click", "purchase", "refund", "review", "redemption", "login", "enrol"}) {
      EXPECT_GT(types.count(type), 0U) << type;
    }
  }
}

TEST(Shop, MembersEventsAreInOrderOfTimeUnlessSomeAreLate) {
  const auto disorder = [](const ShopOptions& options) {
    std::map<std::string_view, std::string> latest;
    std::size_t behind = 0;
    const std::string text = all_of(options);
    for (const std::string_view line : lines_of(text)) {
      std::string& last = latest[field(line, "subject")];
      const std::string time{field(line, "time").substr(0, 19)};
      if (time < last) ++behind;
      last = std::max(last, time);
    }
    return behind;
  };
  EXPECT_EQ(disorder(undisturbed()), 0U);
  ShopOptions late = undisturbed();
  late.late_share = 0.05;
  EXPECT_GT(disorder(late), 50U);
  EXPECT_LT(disorder(late), 2500U);
}

TEST(Shop, RepeatsAreExactAndAsManyAsAskedFor) {
  ShopOptions options = undisturbed();
  options.duplicate_share = 0.05;
  const std::string text = all_of(options);
  std::map<std::string_view, std::string_view> seen;
  std::size_t repeats = 0;
  for (const std::string_view line : lines_of(text)) {
    const auto [at, fresh] = seen.emplace(field(line, "id"), line);
    if (fresh) continue;
    ++repeats;
    ASSERT_EQ(at->second, line);
  }
  EXPECT_NEAR(static_cast<double>(repeats), 10'000 * 0.05 / 1.05, 100);
}

TEST(Shop, DamagedCopiesComeBesideTheRealEvent) {
  ShopOptions options = undisturbed();
  options.events = 20'000;
  options.malformed_share = 0.1;
  const std::string text = all_of(options);
  std::size_t damaged = 0;
  std::vector<std::uint64_t> numbers;
  for (const std::string_view line : lines_of(text)) {
    if (is_well_formed(line)) {
      numbers.push_back(std::stoull(std::string{field(line, "id").substr(2)}));
    } else {
      ++damaged;
    }
  }
  EXPECT_NEAR(static_cast<double>(damaged), 20'000 * 0.1 / 1.1, 200);
  // Every event is there as well: their numbers have no gap.
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  EXPECT_GE(numbers.size() + 2, numbers.back() + 1);
}

TEST(Shop, RefundsAreOfKnownOrdersAndTheirShareIsRespected) {
  ShopOptions options = undisturbed();
  options.events = 60'000;
  options.members = 5'000;
  options.refund_share = 0.2;
  for (const MemberSkew skew : {MemberSkew::by_rates, MemberSkew::uniform}) {
    options.skew = skew;
    const std::string text = all_of(options);
    std::map<std::string_view, std::string_view> buyers;
    std::size_t refunds = 0;
    for (const std::string_view line : lines_of(text)) {
      if (field(line, "type") == "purchase")
        buyers[field(line, "order_id")] = field(line, "subject");
      if (field(line, "type") != "refund") continue;
      ++refunds;
      ASSERT_EQ(buyers[field(line, "order_id")], field(line, "subject"));
    }
    EXPECT_NEAR(static_cast<double>(refunds) / static_cast<double>(buyers.size()), 0.2, 0.03);
  }
}

TEST(Shop, ReviewsReadAsTheyRate) {
  ShopOptions options = undisturbed();
  options.events = 50'000;
  std::size_t praise = 0, complaints = 0;
  const std::string text = all_of(options);
  for (const std::string_view line : lines_of(text)) {
    if (field(line, "type") != "review" || field(line, "language") != "en") continue;
    const bool happy = line.find("\"rating\":5") != std::string_view::npos;
    const bool angry = line.find("\"rating\":1") != std::string_view::npos;
    const bool harsh = field(line, "text").find_first_of("TDPV") == 0;
    if (happy) ++praise;
    if (angry) ++complaints;
    ASSERT_FALSE(happy && harsh) << line;
    ASSERT_FALSE(angry && !harsh) << line;
  }
  EXPECT_GT(praise, 20U);
  EXPECT_GT(complaints, 5U);
}

TEST(Shop, MembersAreDrawnFromTheStatedDistributions) {
  ShopOptions options = small();
  options.members = 20'000;
  const Shop shop{options};
  double rate = 0, dropout = 0, spend = 0;
  for (std::uint64_t i = 0; i < options.members; ++i) {
    const MemberTruth truth = shop.truth(i);
    rate += truth.purchases_per_week;
    dropout += truth.dropout;
    spend += truth.spend_mean;
  }
  const double n = static_cast<double>(options.members);
  EXPECT_NEAR(rate / n, options.r / options.alpha, 0.003);
  EXPECT_NEAR(dropout / n, options.a / (options.a + options.b), 0.006);
  EXPECT_NEAR(spend / n, options.spend_p * options.spend_v / (options.spend_q - 1), 1.0);
}

TEST(Shop, PurchasesShowTheTruthTheyWereDrawnFrom) {
  // Given members who all buy about twice a week and never leave.
  ShopOptions options = undisturbed();
  options.members = 300;
  options.r = 200;
  options.alpha = 100;
  options.a = 0.001;
  options.b = 1000;
  options.events = 1'000'000;
  options.days = 140;
  // When a hundred days of each member's log are counted.
  Shop shop{options};
  std::string text;
  shop.next_block(text, options.events);
  std::size_t purchases = 0;
  double dollars = 0;
  for (const std::string_view line : lines_of(text)) {
    if (field(line, "type") != "purchase" || field(line, "time") >= "2025-05-21") continue;
    ++purchases;
    const std::size_t at = line.find("\"subtotal\":") + 11;
    dollars += std::stod(std::string{line.substr(at, 12)});
  }
  double expected_purchases = 0, expected_dollars = 0;
  for (std::uint64_t i = 0; i < options.members; ++i) {
    const MemberTruth truth = shop.truth(i);
    const auto weeks = std::chrono::duration<double, std::ratio<604'800>>(
                           options.start + std::chrono::days{140} - truth.joined)
                           .count();
    expected_purchases += 1 + truth.purchases_per_week * weeks;
    expected_dollars += (1 + truth.purchases_per_week * weeks) * truth.spend_mean;
  }
  // Then their number and value are those of the members' own rates.
  EXPECT_NEAR(static_cast<double>(purchases) / expected_purchases, 1.0, 0.03);
  EXPECT_NEAR(dollars / expected_dollars, 1.0, 0.05);
}

TEST(Shop, ZipfMembersAndItemsAreSkewedAndUniformOnesAreNot) {
  const auto most_frequent = [](const ShopOptions& options, std::string_view key) {
    std::map<std::string_view, std::size_t> counts;
    const std::string text = all_of(options);
    for (const std::string_view line : lines_of(text)) ++counts[field(line, key)];
    counts.erase(std::string_view{});
    std::size_t most = 0;
    for (const auto& [value, count] : counts) most = std::max(most, count);
    return most;
  };
  ShopOptions options = undisturbed();
  options.events = 50'000;
  options.members = 1000;
  // The most frequent of a thousand has 1 / H(1000) = 13 % under Zipf(1), 0.1 % under uniform.
  options.skew = MemberSkew::zipf;
  EXPECT_NEAR(static_cast<double>(most_frequent(options, "subject")) / 50'000, 0.1336, 0.01);
  options.skew = MemberSkew::uniform;
  EXPECT_LT(most_frequent(options, "subject"), 150U);
  EXPECT_GT(most_frequent(options, "sku"), 4000U);
}

TEST(Shop, StampedEventsCarryTheTimeGiven) {
  Shop shop{undisturbed()};
  const EventTime now = *parse_rfc3339("2026-11-22T13:16:00Z");
  shop.stamp(now);
  std::string text;
  shop.next_block(text, 50);
  for (const std::string_view line : lines_of(text)) {
    EXPECT_EQ(field(line, "time"), "2026-11-22T13:16:00Z");
  }
}

TEST(Shop, TruthIsOneJsonLineAMember) {
  const MemberTruth truth{0.25, 0.5, 35.5, *parse_rfc3339("2025-01-02T00:00:00Z")};
  EXPECT_EQ(truth_line(123, truth),
            "{\"member\":\"m0000123\",\"purchases_per_week\":0.25,\"dropout\":0.5,"
            "\"spend_mean\":35.5,\"joined\":\"2025-01-02T00:00:00Z\"}\n");
}

TEST(Shop, EveryFaultOfTheOptionsIsNamed) {
  ShopOptions options;
  EXPECT_TRUE(options.validate().empty());
  options.members = 0;
  options.refund_share = 1.5;
  options.days = -1;
  std::set<std::string_view> fields;
  for (const Error& fault : options.validate()) fields.insert(fault.field);
  EXPECT_THAT(fields, testing::ElementsAre("days", "members", "refund-share"));
}

}  // namespace
}  // namespace fealty::generator

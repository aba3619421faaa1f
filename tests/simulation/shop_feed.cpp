#include "shop_feed.hpp"

#include <chrono>
#include <cstdlib>
#include <utility>

namespace fealty::simulation {

namespace {

constexpr const char* feed_id = "shop";

}  // namespace

std::string_view member_in(std::string_view record) {
  constexpr std::string_view mark = "\"subject\":\"";
  const auto at = record.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = record.substr(at + mark.size());
  return rest.substr(0, rest.find('"'));
}

std::uint32_t ShopFeed::partition_of(std::string_view record) const {
  const std::string_view member = member_in(record);
  if (member.empty()) return 0;
  return static_cast<std::uint32_t>(std::atoi(member.data() + 1)) % cluster_.options().partitions;
}

std::string ShopFeed::next_record() {
  --left_;
  if (!sent_far_.empty() && world_.one_in(60)) return sent_far_[world_.pick(sent_far_.size())];
  if (world_.one_in(options_.far_events)) {
    const std::chrono::days days{static_cast<int>(world_.pick(300))};
    const EventTime far{std::chrono::milliseconds{4'070'908'800'000}};  // 2099-01-01
    return sent_far_.emplace_back(shop_.view_at(far + days));
  }
  std::string record = held_ ? *std::exchange(held_, std::nullopt) : shop_.next();
  world_.wall_reaches(shop_.now());
  if (world_.one_in(options_.ahead_events)) {
    const std::chrono::minutes ahead{static_cast<int>(world_.pick(60 * 24 * 12))};
    return shop_.view_at(world_.wall() + ahead);
  }
  return record;
}

/// As a rule the member; nullopt: none.
std::optional<std::string_view> ShopFeed::key_of(std::string_view record) {
  const std::string_view member = member_in(record);
  if (member.empty()) return std::nullopt;
  if (!world_.one_in(options_.wrong_keys)) return member;
  return world_.one_in(2) ? std::optional<std::string_view>{"somebody"} : std::nullopt;
}

void ShopFeed::put(std::uint32_t partition, const std::string& record) {
  const auto key = key_of(record);
  cluster_.topics().input(partition).append(key.value_or(""), key.has_value(), record,
                                            world_.wall().time_since_epoch().count(), 0);
}

/// Whether some worker would not know yet how to judge it.
bool ShopFeed::too_early(EventTime time) const {
  constexpr std::chrono::days margin{30};
  return options_.second_from != EventTime{} && time + margin >= options_.second_from &&
         (!deployed() || waiting_ > 0);
}

void ShopFeed::write() {
  for (std::uint64_t count = world_.between(1, 6); count > 0 && left_ > 0; --count) {
    if (!held_) held_ = shop_.next();
    if (too_early(shop_.now())) return;
    const std::string record = next_record();
    put(partition_of(record), record);
  }
}

void ShopFeed::begin() {
  const auto epoch = cluster_.transactions().init(feed_id);
  if (!epoch) return;
  open_ = OpenTransaction{
      {feed_id, *epoch}, world_.one_in(2), world_.now() + static_cast<Millis>(world_.pick(2000))};
  auto& transactions = cluster_.transactions();
  if (world_.one_in(2)) {
    const auto topic = static_cast<Topic>(2 + world_.pick(topic_count - 2));
    transactions.append(open_->producer, {topic, 0}, "noise", true, "noise", nullptr);
  }
  for (std::uint64_t count = world_.between(1, 4); count > 0 && left_ > 0; --count) {
    if (!held_) held_ = shop_.next();
    if (too_early(shop_.now())) return;
    std::string record;
    if (open_->junk) {
      const std::string member = "m" + std::to_string(world_.pick(5));
      ++ghosts_;
      record = R"({"specversion":"1.0","id":"ghost)" + std::to_string(ghosts_) +
               R"(","source":"shop","type":"purchase","subject":")" + member + R"(","time":")" +
               to_rfc3339(shop_.now()) + R"(","data":{"order_id":"ghost)" +
               std::to_string(ghosts_) + R"(","currency":"USD","total":77.00}})";
    } else {
      record = next_record();
    }
    const auto key = key_of(record);
    transactions.append(open_->producer, {Topic::input, partition_of(record)}, key.value_or(""),
                        key.has_value(), record, nullptr);
  }
}

void ShopFeed::end() {
  // Where it took too long, it was aborted already.
  static_cast<void>(cluster_.transactions().end(open_->producer, !open_->junk));
  open_.reset();
}

void ShopFeed::tick() {
  if (open_ && world_.now() >= open_->ends_at) end();
  if (left_ == 0 || !world_.one_in(options_.every)) return;
  if (!held_) held_ = shop_.next();
  if (too_early(shop_.now()) || too_early(world_.wall())) {
    // It is deployed at last, whatever the shop sells.
    world_.wall_reaches(options_.second_known);
    return;
  }
  if (!open_ && world_.one_in(options_.transactions)) {
    begin();
  } else {
    write();
  }
  // The shops are closed for some days.
  if (world_.one_in(60) && !too_early(world_.wall() + std::chrono::days{12})) {
    world_.wall_reaches(world_.wall() + std::chrono::days{static_cast<int>(world_.pick(12))});
  }
}

void ShopFeed::close() {
  if (open_) end();
  left_ = 0;
  constexpr std::chrono::days long_after{120};
  world_.wall_reaches(world_.wall() + long_after);
  for (std::uint32_t p = 0; p < cluster_.options().partitions; ++p) {
    const std::string number = std::to_string(p);
    put(p, R"({"specversion":"1.0","id":"last)" + number +
               R"(","source":"shop","type":"view","subject":"z)" + number + R"(","time":")" +
               to_rfc3339(world_.wall()) + R"(","data":{"sku":"s"}})");
  }
}

}  // namespace fealty::simulation

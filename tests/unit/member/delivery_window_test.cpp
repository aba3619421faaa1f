#include "fealty/member/delivery_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace fealty::member {
namespace {

/// A delivery with texts of its own.
struct Told {
  std::string id, source, business;
  std::uint64_t digest = 0;
  std::uint8_t kind = 0;
  bool named = false;
  operator Delivery() const { return {id, source, business, digest, kind, named}; }  // NOLINT
};

void tell(DeliveryWindow& window, std::deque<Told>& model, const Told& next) {
  while (!window.has_room_for(next)) {
    window.pop_front();
    model.pop_front();
  }
  window.push_back(next);
  model.push_back(next);
}

void expect_same(const DeliveryWindow& window, const std::deque<Told>& model) {
  ASSERT_EQ(window.size(), model.size());
  for (std::size_t i = 0; i < model.size(); ++i) ASSERT_EQ(window[i], static_cast<Delivery>(model[i])) << i;
}

/// A small generator of its own: the same series everywhere.
struct Dice {
  std::uint64_t state = 1;
  std::uint64_t below(std::uint64_t end) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33U) % end;
  }
};

TEST(DeliveryWindow, KeepsTheLastInFullWhateverTheirTexts) {
  // Given ids and sources of every length, sources that repeat and such that do not.
  Dice dice;
  DeliveryWindow window;
  std::deque<Told> model;
  std::uint64_t told = 0;
  for (int i = 0; i < 5000; ++i) {
    Told next;
    next.id = std::to_string(i) + std::string(dice.below(20) == 0 ? 500 : dice.below(40), 'i');
    if (dice.below(4) > 0) next.source = std::string(dice.below(3) * dice.below(170), 's');
    if (dice.below(3) == 0) next.business = next.id;
    if (dice.below(3) == 0) next.business = std::string(dice.below(60), 'b');
    next.digest = dice.below(~0U) << 32U | dice.below(~0U);
    next.kind = static_cast<std::uint8_t>(dice.below(64));
    next.named = dice.below(2) == 0;
    tell(window, model, next);
    ++told;
    expect_same(window, model);
    ASSERT_EQ(window.left() + window.size(), told);
    ASSERT_LE(window.heap_bytes(), DeliveryWindow::bytes_max + 32);
    // And a copy, and one built anew from what it holds, are the same.
    DeliveryWindow anew;
    anew.set_left(window.left());
    anew.set_named_left(window.named_left());
    anew.set_others_left(window.others_left());
    for (std::size_t k = 0; k < window.size(); ++k) anew.push_back(window[k]);
    ASSERT_EQ(anew, window);
    const DeliveryWindow copy = window;
    ASSERT_EQ(copy, window);
  }
}

TEST(DeliveryWindow, FindsWhatMayBeMeantByIdAndByBusinessId) {
  DeliveryWindow window;
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    window.push_back(Told{"event-" + n, "/shop", "order-" + n, 7, 0, false});
  }
  window.push_back(Told{"x", "/till", "x", 8, 1, true});
  const auto found = [&](std::string_view id, std::string_view business) {
    std::vector<std::string> ids;
    window.find(id, business, [&](const Delivery& held) {
      if (held.id == id || held.business == business || held.business == id) {
        ids.emplace_back(held.id);
      }
    });
    return ids;
  };
  EXPECT_EQ(found("event-3", "other"), std::vector<std::string>{"event-3"});
  EXPECT_EQ(found("other", "order-7"), std::vector<std::string>{"event-7"});
  EXPECT_EQ(found("order-7", "other"), std::vector<std::string>{"event-7"});
  EXPECT_EQ(found("x", "x"), std::vector<std::string>{"x"});
  EXPECT_TRUE(found("y", "y").empty());
}

TEST(DeliveryWindow, AlwaysHasRoomForOneEvent) {
  DeliveryWindow window;
  std::deque<Told> model;
  const std::string longest(DeliveryWindow::text_bytes_max, 'x');
  for (int i = 0; i < 3; ++i) {
    tell(window, model, {longest, "s" + longest.substr(1), "b" + longest.substr(1), 1, 2, false});
    expect_same(window, model);
  }
  EXPECT_EQ(window.size(), 1U);
  EXPECT_EQ(window.left(), 2U);
  EXPECT_TRUE(window.others_left());
  EXPECT_FALSE(window.named_left());
}

TEST(DeliveryWindow, TakesLittleMoreThanItsTexts) {
  // Three purchases, as most members have: texts of 90 bytes and a source.
  DeliveryWindow window;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(1000 + i);
    window.push_back(Told{"e-000000" + n, "/shop/1", "o-e369cf582a20" + n, 7, 0, false});
  }
  EXPECT_LE(window.heap_bytes(), 184U);
}

}  // namespace
}  // namespace fealty::member

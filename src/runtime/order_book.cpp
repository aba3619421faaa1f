#include "fealty/runtime/order_book.hpp"

#include <utility>

namespace fealty::runtime {
namespace {

constexpr std::chrono::milliseconds no_wait{0};
constexpr std::chrono::milliseconds ask_budget{200};  // what the brokers have is there in a few

}  // namespace

Result<void> OrderBook::open() {
  const auto positions = table_.positions();
  if (!positions) return positions.error();
  if (auto opened = feed_.open(*positions); !opened) return opened;
  return feed_.aim_at_end(std::nullopt);
}

Result<bool> OrderBook::load(std::chrono::milliseconds budget) { return step(budget); }

Result<void> OrderBook::follow() {
  const auto stepped = step(no_wait);
  return stepped ? Result<void>{} : stepped.error();
}

/// One write for all that a step brought.
Result<bool> OrderBook::step(std::chrono::milliseconds budget) {
  changes_.clear();
  const auto reached = feed_.step(*this, budget);
  if (!reached || changes_.empty()) return reached;
  if (auto applied = table_.apply(changes_, feed_.positions()); !applied) return applied.error();
  for (const auto& change : changes_) {
    const auto own = own_.find(change.key);
    if (own != own_.end() && own->second.member == change.value) own_.erase(own);
    if (on_learned && !change.value.empty()) on_learned(change.key);
  }
  return reached;
}

Result<void> OrderBook::apply(std::string_view key, std::string_view value) {
  changes_.push_back({std::string{key}, std::string{value}});
  return {};
}

Result<std::string> OrderBook::member_of(std::string_view order, bool ask) {
  const auto own = own_.find(order);
  if (own != own_.end()) return own->second.member;
  auto known = table_.get(order);
  if (!known) return known.error();
  if (!*known && ask) {
    if (auto aimed = feed_.aim_at_end(order); !aimed) return aimed.error();
    if (auto stepped = step(ask_budget); !stepped) return stepped.error();
    known = table_.get(order);
    if (!known) return known.error();
  }
  return *known ? std::move(**known) : std::string{};
}

Result<bool> OrderBook::note(std::string_view order, std::string_view member) {
  const auto known = member_of(order, false);
  if (!known) return known.error();
  if (*known == member) return false;
  own_.insert_or_assign(std::string{order}, Own{std::string{member}, open_});
  return true;
}

void OrderBook::aborted() {
  std::erase_if(own_, [this](const auto& own) { return own.second.commit > committed_; });
}

}  // namespace fealty::runtime

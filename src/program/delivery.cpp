#include "delivery.hpp"

#include <algorithm>
#include <optional>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"

namespace fealty::program {
namespace {

/// The key of what the event is about (its order, refund, redemption), and whether the event is
/// named after it: then this one key stands for the event id too.
struct Keys {
  std::uint64_t event = 0;
  std::uint64_t business = 0;
  std::uint64_t business_by_id = 0;  // the business key if the event's id were the business id
  bool one_key = false;
};

/// Not hash64(id, kind): with texts of a few bytes XXH3 folds a small seed into the bytes
/// themselves, and ids of different kinds would meet.
std::uint64_t business_key(std::uint64_t kind, std::string_view id) {
  constexpr std::uint64_t domain = 0x6665616c7479206bULL;  // any number will do
  return mix(hash64(id), mix(kind, domain));
}

Keys keys_of(const event::Event& event) {
  constexpr std::uint64_t event_kind = 0xE;
  std::uint64_t kind = 0x100 + static_cast<std::uint64_t>(event.type);
  std::string_view id;
  if (const auto* purchase = std::get_if<event::Purchase>(&event.data)) id = purchase->order_id;
  if (const auto* refund = std::get_if<event::Refund>(&event.data)) id = refund->refund_id;
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) id = cancel->order_id;
  if (const auto* redemption = std::get_if<event::Redemption>(&event.data)) {
    id = redemption->redemption_id;
    kind += (static_cast<std::uint64_t>(redemption->phase) + 1) << 16U;
  }
  Keys keys;
  keys.event = mix(event.id_hash, event_kind);
  if (id.empty()) {
    keys.business = keys.business_by_id = keys.event;
    keys.one_key = true;
    return keys;
  }
  keys.business = business_key(kind, id);
  keys.one_key = id == event.id;
  keys.business_by_id = keys.one_key ? keys.business : business_key(kind, event.id);
  return keys;
}

/// What is kept with a key: half of the event id's hash, half of the content's digest.
std::uint64_t mark_of(const event::Event& event) {
  return (event.id_hash & 0xFFFFFFFF00000000U) | (event.digest & 0xFFFFFFFFU);
}
bool same_id(std::uint64_t mark, std::uint64_t other) { return (mark ^ other) >> 32U == 0; }

Seen seen_money(const member::Record& record, const event::Event& event) {
  const Keys keys = keys_of(event);
  const std::uint64_t mark = mark_of(event);
  if (const auto held = record.money_keys.find(keys.business)) {
    return same_id(*held, mark) && *held != mark ? Seen::conflict : Seen::duplicate;
  }
  if (keys.business != keys.event && record.money_keys.find(keys.event)) return Seen::conflict;
  if (keys.business_by_id != keys.business) {
    const auto held = record.money_keys.find(keys.business_by_id);
    if (held && same_id(*held, mark)) return Seen::conflict;
  }
  return Seen::fresh;
}

/// 0 marks an empty place.
std::uint64_t recent_id(const event::Event& event) {
  return event.id_hash == 0 ? 1 : event.id_hash;
}

}  // namespace

bool touches_money(event::Type type) {
  switch (type) {
    case event::Type::purchase:
    case event::Type::refund:
    case event::Type::cancel:
    case event::Type::redemption:
    case event::Type::adjustment:
      return true;
    default:
      return false;
  }
}

Seen seen(const member::Record& record, const event::Event& event) {
  if (touches_money(event.type)) return seen_money(record, event);
  const auto& recent = record.recent_ids;
  return std::find(recent.begin(), recent.end(), recent_id(event)) != recent.end() ? Seen::duplicate
                                                                                   : Seen::fresh;
}

void remember(member::Record& record, const event::Event& event) {
  if (!touches_money(event.type)) {
    check(record.recent_next < record.recent_ids.size(), "the ring's place lies in the ring");
    record.recent_ids[record.recent_next] = recent_id(event);
    record.recent_next =
        static_cast<std::uint8_t>((record.recent_next + 1U) % record.recent_ids.size());
    return;
  }
  const Keys keys = keys_of(event);
  const std::uint64_t mark = mark_of(event);
  record.money_keys.insert(keys.business, mark);
  if (!keys.one_key) record.money_keys.insert(keys.event, mark);
}

}  // namespace fealty::program

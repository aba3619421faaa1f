#include "delivery.hpp"

#include <algorithm>
#include <optional>

#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::program {
namespace {

using member::Delivery;
using member::Record;
using member::RowChange;
using member::RowKey;

constexpr std::uint8_t kind_of(event::Type type, event::RedemptionPhase phase = {}) {
  static_assert(event::type_count <= 16, "a kind has six bits");
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) | static_cast<unsigned>(phase)
                                                                     << 4U);
}
constexpr std::uint8_t purchase_kind = kind_of(event::Type::purchase);
constexpr std::uint8_t refund_kind = kind_of(event::Type::refund);

/// The event as it is remembered: what it is about, and whether it is named after that.
Delivery delivery_of(const event::Event& event) {
  Delivery out{event.id, event.source, {}, event.digest, kind_of(event.type), false};
  if (const auto* purchase = std::get_if<event::Purchase>(&event.data)) {
    out.business = purchase->order_id;
  } else if (const auto* refund = std::get_if<event::Refund>(&event.data)) {
    out.business = refund->refund_id;
    out.named = refund->order_id == event.id;
  } else if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) {
    out.business = cancel->order_id;
  } else if (const auto* redemption = std::get_if<event::Redemption>(&event.data)) {
    out.business = redemption->redemption_id;
    out.kind = kind_of(event.type, redemption->phase);
  }
  out.named = out.named || out.business == event.id;
  return out;
}

bool same_event(const Delivery& a, std::string_view id, std::string_view source) {
  return a.id == id && a.source == source;
}

/// Whether two events with one id are about each other: of one kind they always are, others unless
/// one is named after its order, refund or redemption. The same whichever comes first.
bool meet(const Delivery& a, std::uint8_t kind, bool named) {
  return a.kind == kind || (!a.named && !named);
}

/// What is remembered that concerns an event.
struct Memory {
  bool by_business = false;                   // its order, refund or redemption was told before,
  bool by_same_event = false;                 // by an event of the same id
  std::uint64_t digest = 0;                   // with this content
  std::optional<std::uint64_t> event_digest;  // of an event of the same id that it meets

  void business(std::string_view id, std::string_view source, std::uint64_t content,
                const Delivery& asked) {
    by_business = true;
    by_same_event = same_event(asked, id, source);
    digest = content;
  }
  [[nodiscard]] Seen verdict(const Delivery& asked) const {
    if (by_business) {
      return by_same_event && digest != asked.digest ? Seen::conflict : Seen::duplicate;
    }
    if (!event_digest) return Seen::fresh;
    return asked.business.empty() && *event_digest == asked.digest ? Seen::duplicate
                                                                   : Seen::conflict;
  }
};

Memory in_window(const Record& record, const Delivery& asked) {
  Memory memory;
  record.deliveries.find(asked.id, asked.business, [&](const Delivery& held) {
    if (!asked.business.empty() && held.kind == asked.kind && held.business == asked.business) {
      memory.business(held.id, held.source, held.digest, asked);
    }
    if (same_event(held, asked.id, asked.source) && meet(held, asked.kind, asked.named)) {
      memory.event_digest = held.digest;
    }
  });
  return memory;
}

/// A purchase is known by its order's row.
RowKey business_key(std::uint8_t kind, std::string_view id) {
  return kind == purchase_kind ? RowKey::order(id) : RowKey::business(kind, id);
}
/// Whether an event of this kind may be known as one that is named after the id that it has.
bool may_be_named(const Record& record, const Delivery& asked) {
  return record.deliveries.named_left() && asked.business != asked.id &&
         asked.kind != kind_of(event::Type::adjustment);
}
/// Likewise as a refund that is named after its order.
bool may_be_named_refund(const Record& record, const Delivery& asked) {
  return record.deliveries.named_left() && asked.kind == refund_kind;
}

/// Which event a business key's row was made by.
struct Maker {
  std::string_view id, source;
  std::uint64_t digest = 0;
};
std::optional<Maker> maker_of(const member::Rows& rows, const RowKey& key) {
  const member::FoundRow* row = rows.find(key);
  if (row == nullptr) return std::nullopt;
  if (key.kind == member::RowKind::order) {
    return Maker{row->order.cause, row->order.cause_source, row->order.digest};
  }
  return Maker{row->delivery.id, row->delivery.source, row->delivery.digest};
}

/// Adds what the rows remember to what the window does.
void add_rows(const Record& record, const Delivery& asked, const member::Rows& rows,
              Memory& memory) {
  if (memory.by_business) return;
  if (!asked.business.empty()) {
    if (const auto maker = maker_of(rows, business_key(asked.kind, asked.business))) {
      memory.business(maker->id, maker->source, maker->digest, asked);
      return;
    }
  }
  if (memory.event_digest) return;
  if (record.deliveries.others_left()) {
    const member::FoundRow* row = rows.find(RowKey::event(asked.id, asked.source));
    if (row != nullptr && (row->delivery.kind == asked.kind || !asked.named)) {
      memory.event_digest = row->delivery.digest;
    }
  }
  if (may_be_named(record, asked)) {
    const auto maker = maker_of(rows, business_key(asked.kind, asked.id));
    if (maker && same_event(asked, maker->id, maker->source)) memory.event_digest = maker->digest;
  }
  if (may_be_named_refund(record, asked)) {
    const auto* row = rows.find(RowKey::named_event(asked.kind, asked.id, asked.source));
    if (row != nullptr) memory.event_digest = row->delivery.digest;
  }
}

Seen seen_money(const Record& record, const event::Event& event, const member::Rows& rows) {
  const Delivery asked = delivery_of(event);
  Memory memory = in_window(record, asked);
  if (record.deliveries.left() > 0) add_rows(record, asked, rows, memory);
  return memory.verdict(asked);
}

/// 0 marks an empty place.
std::uint64_t recent_id(const event::Event& event) {
  return event.id_hash == 0 ? 1 : event.id_hash;
}
bool is_recent(const Record& record, const event::Event& event) {
  const auto& recent = record.recent_ids;
  return std::find(recent.begin(), recent.end(), recent_id(event)) != recent.end();
}

void put_key(const Delivery& held, RowKey key, bool names_event, member::Effects& effects) {
  RowChange& change = effects.rows.emplace_back();
  change.of_window = true;
  key.first = effects.keep(key.first);
  key.second = effects.keep(key.second);
  change.key = key;
  change.delivery.digest = held.digest;
  change.delivery.kind = held.kind;
  if (names_event) return;
  change.delivery.id = effects.keep(held.id);
  change.delivery.source = effects.keep(held.source);
}

/// The rows by which an event is known once it has left the window.
void leave(const Delivery& held, member::Effects& effects) {
  if (held.kind == purchase_kind) {
    RowChange& change = effects.rows.emplace_back();
    change.what = RowChange::What::left;
    change.of_window = true;
    change.key = RowKey::order(effects.keep(held.business));
  } else if (!held.business.empty()) {
    put_key(held, RowKey::business(held.kind, held.business), false, effects);
  }
  if (held.business == held.id) return;
  put_key(held,
          held.named ? RowKey::named_event(held.kind, held.id, held.source)
                     : RowKey::event(held.id, held.source),
          true, effects);
}

}  // namespace

void need_delivery_rows(const Record& record, const event::Event& event, member::Rows& rows) {
  if (record.deliveries.left() == 0) return;
  const Delivery asked = delivery_of(event);
  const Memory memory = in_window(record, asked);
  if (memory.by_business) return;
  if (!asked.business.empty()) rows.need(business_key(asked.kind, asked.business), true);
  if (memory.event_digest) return;
  if (record.deliveries.others_left()) rows.need(RowKey::event(asked.id, asked.source), true);
  if (may_be_named(record, asked)) rows.need(business_key(asked.kind, asked.id), true);
  if (may_be_named_refund(record, asked)) {
    rows.need(RowKey::named_event(asked.kind, asked.id, asked.source), true);
  }
}

bool known_by_window(const Record& record, const event::Event& event) {
  if (!event::touches_money(event.type)) return is_recent(record, event);
  const Delivery asked = delivery_of(event);
  const Memory memory = in_window(record, asked);
  return memory.by_business || memory.event_digest.has_value();
}

Seen seen(const Record& record, const event::Event& event, const member::Rows& rows) {
  if (event::touches_money(event.type)) return seen_money(record, event, rows);
  return is_recent(record, event) ? Seen::duplicate : Seen::fresh;
}

void remember(Record& record, const event::Event& event, member::Effects& effects) {
  if (event::touches_money(event.type)) {
    const Delivery next = delivery_of(event);
    member::DeliveryWindow& window = record.deliveries;
    while (!window.has_room_for(next)) {
      leave(window[0], effects);
      window.pop_front();
    }
    window.push_back(next);
    return;
  }
  check(record.recent_next < record.recent_ids.size(), "the ring's place lies in the ring");
  record.recent_ids[record.recent_next] = recent_id(event);
  record.recent_next =
      static_cast<std::uint8_t>((record.recent_next + 1U) % record.recent_ids.size());
}

bool window_has_order(const Record& record, std::string_view order_id) {
  bool has = false;
  record.deliveries.find({}, order_id, [&](const Delivery& held) {
    has = has || (held.kind == purchase_kind && held.business == order_id);
  });
  return has;
}

}  // namespace fealty::program

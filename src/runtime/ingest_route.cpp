// Ingest: what becomes of each record, and of those that wait.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <variant>

#include "fealty/base/hash.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/codec/elements.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/log/log.hpp"
#include "fealty/runtime/ingest.hpp"

namespace fealty::runtime {
namespace {

/// The order that an event is about but did not make; empty where there is none.
std::string_view order_of_another(const event::Event& event) {
  if (const auto* refund = std::get_if<event::Refund>(&event.data)) return refund->order_id;
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) return cancel->order_id;
  return {};
}

std::string_view padded(std::string_view text, Arena& arena) {
  char* const copy = arena.allocate(text.size() + codec::padding_bytes);
  std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), ' ', codec::padding_bytes);
  return {copy, text.size()};
}

std::string in_words(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  constexpr std::int64_t hour = 3600, day = 24 * hour;
  if (seconds % day == 0 && seconds > day) return fmt::format("{} days", seconds / day);
  if (seconds % hour == 0 && seconds > hour) return fmt::format("{} hours", seconds / hour);
  return fmt::format("{} seconds", seconds);
}

}  // namespace

Result<void> Ingest::take(const DecodedRecord& decoded, ports::OutputBuffer& out) {
  const ports::InputRecord& record = *decoded.raw;
  const auto found = partitions_.find(record.partition);
  if (decoded.withdrawn || found == partitions_.end()) return {};
  Partition& partition = found->second;
  if (!partition.ready || record.offset < partition.next) return {};
  partition.next = record.offset + 1;
  scratch_.arena.reset();
  if (!partition.input) {
    const bool held = room_.take(record.partition, record.key, record.value);
    if (!held) return {};
    // Its order may have turned up since it was put there.
    due_.emplace_back(WaitingRoom::order_of(record.key));
    return {};
  }
  ++counters_.records;
  const bool json = topology_.mappings[*partition.input]->format != codec::Format::delimited;
  if (json && codec::is_batch(record.value, record.headers)) {
    return take_batch(partition, record, out);
  }
  return take_event(
      {partition, record, record.value, source_.describe(record.partition, record.offset)},
      record.headers, out);
}

/// Each element for itself, in their order; a bad one is refused alone.
Result<void> Ingest::take_batch(const Partition& partition, const ports::InputRecord& record,
                                ports::OutputBuffer& out) {
  const std::string origin = source_.describe(record.partition, record.offset);
  const bool too_large = record.value.size() > codec::record_bytes_max;
  if (too_large || !codec::split_batch(record.value, scratch_.elements)) {
    refuse({partition, record, record.value, origin},
           Error{too_large ? Errc::record_too_large : Errc::malformed_json, "record", {}}, out);
    return {};
  }
  for (std::size_t i = 0; i < scratch_.elements.size(); ++i) {
    auto taken = take_event(
        {partition, record, scratch_.elements[i], fmt::format("{}#{}", origin, i)}, {}, out);
    if (!taken) return taken;
  }
  return {};
}

Result<void> Ingest::take_event(const Place& place, std::span<const event::Header> headers,
                                ports::OutputBuffer& out) {
  event::Event event;
  const std::size_t input = *place.partition.input;
  auto decoded = decoders_[input].decode(
      place.payload, headers, {place.record.offset, place.origin}, scratch_.arena, event);
  if (decoded) {
    if (!decoders_[input].odd().empty()) count_odd(input, place);
    return route(place, event, out);
  }
  if (decoded.error().code == Errc::empty_record && place.record.null) {
    ++counters_.tombstones;
  } else if (decoded.error().code == Errc::unknown_type) {
    ++counters_.skipped;
  } else {
    refuse(place, decoded.error(), out);
  }
  return {};
}

/// Here alone: what goes on does not say it any more.
void Ingest::count_odd(std::size_t input, const Place& place) {
  for (const codec::OddPath& path : decoders_[input].odd()) {
    ++counters_.odd_fields;
    if (!odd_fields_[input].add(path)) continue;
    const codec::Mapping& mapping = *topology_.mappings[input];
    log::warn(
        "mapping.odd_field",
        {{"mapping", mapping.name}, {"path", mapping.path_of(path)}, {"first_at", place.origin}});
  }
}

Result<void> Ingest::route(const Place& place, event::Event& event, ports::OutputBuffer& out) {
  // An id is one of its source: two topics that name none must not be taken for one.
  std::string named;
  if (event.source.empty()) event.source = named = "/" + place.partition.topic;
  if (const auto* purchase = std::get_if<event::Purchase>(&event.data)) {
    const auto news = orders_.note(purchase->order_id, event.member);
    if (!news) return news.error();
    if (*news) {
      out.add(topology_.outputs.orders, place.record.partition, purchase->order_id, event.member);
      if (room_.awaits(purchase->order_id)) due_.emplace_back(purchase->order_id);
    }
  }
  if (event.member.empty()) {
    const std::string_view order = order_of_another(event);
    const auto member = member_by_order(order);
    if (!member) return member.error();
    if (member->empty()) {
      put_to_wait(place, order, event, out);
      return {};
    }
    ++counters_.by_order;
    event.member = scratch_.arena.copy(*member);
  }
  send(place, event, out);
  return {};
}

/// Another process may have committed the order just now; the brokers are asked once a batch.
Result<std::string> Ingest::member_by_order(std::string_view order) {
  auto known = orders_.member_of(order, false);
  if (!known || !known->empty() || std::exchange(state_.asked, true)) return known;
  return orders_.member_of(order, true);
}

void Ingest::send(const Place& place, const event::Event& event, ports::OutputBuffer& out) {
  scratch_.text.clear();
  codec::encode_event(event, scratch_.text, place.origin);
  if (scratch_.text.size() > options_.record_bytes_max) {
    refuse(place,
           Error{Errc::record_too_large, "record",
                 fmt::format("{} bytes in the canonical form, at most {}", scratch_.text.size(),
                             options_.record_bytes_max)},
           out);
    return;
  }
  out.add(topology_.outputs.canonical, place.record.partition, event.member, scratch_.text);
  ++counters_.routed;
  state_.sent = true;
}

void Ingest::put_to_wait(const Place& place, std::string_view order, const event::Event& event,
                         ports::OutputBuffer& out) {
  scratch_.text.clear();
  codec::encode_event(event, scratch_.text, place.origin);
  const std::int64_t now_ms = options_.clock.wall().time_since_epoch().count();
  // All that wait for one order lie behind one another.
  const auto to = static_cast<std::uint32_t>(hash64(order) % options_.waiting_partitions);
  out.add(topology_.outputs.waiting, to, WaitingRoom::key_of(order, place.origin, now_ms),
          scratch_.text);
  ++counters_.waited;
  state_.sent = true;
}

void Ingest::refuse(const Place& place, const Error& error, ports::OutputBuffer& out) {
  const std::uint32_t number = place.record.partition;
  codec::encode_deadletter(error, place.origin, number, place.record.offset, place.payload,
                           out.start(topology_.outputs.deadletters, number, {}));
  out.finish();
  ++counters_.deadlettered;
  state_.sent = true;
}

/// Sends on those whose order turned up, and gives up those that waited for too long.
Result<void> Ingest::see_to_waiting(ports::OutputBuffer& out) {
  for (const std::string& order : due_) {
    if (!room_.awaits(order)) continue;
    const auto member = orders_.member_of(order, false);
    if (!member) return member.error();
    if (member->empty()) continue;
    for (const WaitingRoom::Held& held : room_.leave(order)) {
      if (auto sent = send_on(held, *member, out); !sent) return sent;
    }
  }
  due_.clear();
  const auto now = options_.clock.wall().time_since_epoch();
  for (const WaitingRoom::Held& held : room_.leave_before((now - options_.wait).count())) {
    give_up(held,
            Error{Errc::unknown_order, "order_id",
                  fmt::format("no purchase of order {} came within {}", printable(held.order()),
                              in_words(options_.wait))},
            out);
  }
  for (const WaitingRoom::Held& held : room_.leave_beyond(options_.waiting_max)) {
    give_up(held,
            Error{Errc::too_many_parked, "order_id",
                  fmt::format("more than {} wait for their orders; order {} waited longest",
                              options_.waiting_max, printable(held.order()))},
            out);
  }
  return {};
}

Result<void> Ingest::send_on(const WaitingRoom::Held& held, std::string_view member,
                             ports::OutputBuffer& out) {
  const Partition& partition = partitions_.at(held.partition);
  const ports::InputRecord record{.partition = held.partition, .value = {}, .headers = {}};
  scratch_.arena.reset();
  const Place place{partition, record, padded(held.value, scratch_.arena),
                    std::string{held.origin()}};
  event::Event event;
  const auto decoded = decoders_.back().decode(place.payload, {}, 0, scratch_.arena, event);
  if (decoded) {
    event.member = member;
    send(place, event, out);
    ++counters_.by_order;
  } else {
    refuse(place, decoded.error(), out);
  }
  leave_waiting(held, out);
  return {};
}

void Ingest::give_up(const WaitingRoom::Held& held, const Error& error, ports::OutputBuffer& out) {
  const ports::InputRecord record{.partition = held.partition, .value = {}, .headers = {}};
  refuse({partitions_.at(held.partition), record, held.value, std::string{held.origin()}}, error,
         out);
  leave_waiting(held, out);
}

/// Deletes its record where it lies, in the transaction that sends it on.
void Ingest::leave_waiting(const WaitingRoom::Held& held, ports::OutputBuffer& out) {
  out.add(topology_.outputs.waiting, partitions_.at(held.partition).number, held.key, {});
  state_.sent = true;
}

}  // namespace fealty::runtime

#include "fealty/runtime/key_check.hpp"

#include <variant>

#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

std::string_view order_of(const event::Event& event) {
  if (const auto* purchase = std::get_if<event::Purchase>(&event.data)) return purchase->order_id;
  if (const auto* refund = std::get_if<event::Refund>(&event.data)) return refund->order_id;
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) return cancel->order_id;
  return {};
}

std::string_view habit_of(const ports::InputRecord& raw, const event::Event& event) {
  if (raw.key.data() == nullptr) return "records without a key";
  if (raw.key == event.id) return "records keyed by the event's id";
  if (raw.key == order_of(event)) return "records keyed by the order's id";
  if (raw.key == event.source) return "records keyed by their source";
  return "records keyed by something else than the member";
}

}  // namespace

void KeyCheck::tell(const ports::InputRecord& raw, const event::Event& event,
                    const ports::Source& source) {
  told_ = true;
  log::warn("input.wrong_key",
            {{"habit", habit_of(raw, event)},
             {"topic", source.place_of(raw.partition).topic},
             {"partition", raw.partition},
             {"offset", raw.offset},
             {"key", raw.key.substr(0, 64)},
             {"member", event.member.substr(0, 64)},
             {"so", refuses() ? "such records are dead-lettered as wrong_partition"
                              : "such records are applied where they came, and counted"},
             {"mend",
              "have the producer use the member id as key, put the records on a topic that "
              "is keyed by member (the section ingest of the service file does that), or, where a "
              "partitioner of your own "
              "places them by member, set kafka.key_check: count"}});
}

}  // namespace fealty::runtime

#pragma once

#include <cstdint>

#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"

/// Recognising events that were delivered before. The rules: config/programs/README.md, Delivery.
/// What the record's window does not know of a money event that left it, rows do.
namespace fealty::program {

enum class Seen : std::uint8_t {
  fresh,
  duplicate,  // the same event, or another message about the same order, refund or redemption
  conflict,   // the same event id with other content
};
/// Asks for the rows without which seen() cannot tell: none while nothing has left the window, and
/// none of an event that the window knows.
void need_delivery_rows(const member::Record& record, const event::Event& event,
                        member::Rows& rows);
/// True where the window alone tells that the event was seen before.
bool known_by_window(const member::Record& record, const event::Event& event);
Seen seen(const member::Record& record, const event::Event& event, const member::Rows& rows);
/// Remembers a fresh event. What leaves the window for it goes into the effects.
void remember(member::Record& record, const event::Event& event, member::Effects& effects);

/// Whether the window holds the purchase of this order.
bool window_has_order(const member::Record& record, std::string_view order_id);

}  // namespace fealty::program

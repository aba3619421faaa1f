#pragma once

#include <cstdint>

#include "fealty/event/event.hpp"
#include "fealty/member/record.hpp"

/// Recognising events that were delivered before. The rules: config/programs/README.md, Delivery.
namespace fealty::program {

enum class Seen : std::uint8_t {
  fresh,
  duplicate,  // the same event, or another message about the same order, refund or redemption
  conflict,   // the same event id with other content
};
Seen seen(const member::Record& record, const event::Event& event);
/// Remembers a fresh event. Precondition: seen() says fresh.
void remember(member::Record& record, const event::Event& event);

/// Purchase, refund, cancel, redemption, adjustment: known for ever. Others: among the last few.
bool touches_money(event::Type type);

}  // namespace fealty::program

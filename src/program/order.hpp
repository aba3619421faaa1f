#pragma once

#include <string_view>

#include "fealty/program/apply.hpp"
#include "posting.hpp"

/// Purchases, and refunds before and after them.
namespace fealty::program {

Outcome purchase(Change& change, const event::Event& event, const member::Rows& rows);
/// Refund and cancel.
Outcome refund(Change& change, const event::Event& event, const member::Rows& rows);

/// The order that a refund or cancel is about.
std::string_view order_of(const event::Event& event);
/// Whether an order of this id may be known: then its row tells.
bool may_have_order(const member::Record& record, std::string_view order_id);

}  // namespace fealty::program

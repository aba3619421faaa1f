#pragma once

#include "posting.hpp"

/// Giving back what a refunded order earned. The rules: config/programs/README.md, Refunds.
namespace fealty::program {

/// The one form that refunds and cancellations take, parked or not.
member::ParkedRefund refund_of(const event::Event& event);

/// Marks in `order` what the refund gives back. True where it stated more than was left.
bool take_back(const member::ParkedRefund& refund, member::OrderGrant& order);
/// Points that the order still deserves after its refunds, by the generation that granted them.
std::int64_t points_left(const member::OrderGrant& order, const Series& series);
/// What an order adds to the qualifying metric after its refunds.
std::int64_t qualifying_of(const member::OrderGrant& order, const Program& program);

/// Applies the refund to `order` and to the record: ledger, notices, level.
void apply_refund(Change& change, const member::ParkedRefund& refund, member::OrderGrant& order);

}  // namespace fealty::program

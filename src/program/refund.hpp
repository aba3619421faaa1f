#pragma once

#include "posting.hpp"

/// Giving back what a refunded order earned. The rules: config/programs/README.md, Refunds.
namespace fealty::program {

/// The one form that refunds and cancellations take, parked or not: into `out`, whatever it held.
/// It borrows the event's texts.
void refund_of(const event::Event& event, member::ParkedRefund& out);

/// Marks in `order` what the refund gives back. True where it stated more than was left.
bool take_back(const member::ParkedRefund& refund, member::OrderGrant& order);
/// Points that the order still deserves after its refunds, by the generation that granted them.
std::int64_t points_left(const member::OrderGrant& order, const Series& series);
/// What an order adds to the qualifying metric after its refunds.
std::int64_t qualifying_of(const member::OrderGrant& order, const Program& program);

/// What a refund costs, before it is booked.
struct Reversal {
  bool exceeds = false;              // states more than was left of the order
  std::int64_t refunded_before = 0;  // of the order
  std::int64_t deduction = 0;        // points that the order deserves less
  std::int64_t taken = 0;            // of them from the balance; the rest is written off
};
/// Marks in `order` what the refund gives back and says what that costs.
Reversal reverse(const member::ParkedRefund& refund, const Change& change,
                 member::OrderGrant& order);
/// Books it in the record: ledger, notices, level. Precondition: the balance has room for it.
void book_refund(Change& change, const Reversal& reversal, member::OrderGrant& order);

/// Bytes that a refund takes as a row, as parked_bytes_max counts them.
std::size_t parked_bytes(const event::Event& event);

}  // namespace fealty::program

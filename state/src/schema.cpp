#include "fealty/state/schema.hpp"

#include <record.pb.h>

namespace fealty::state {
namespace {

template <class Message>
Result<std::string> reserialised(std::string_view bytes) {
  Message message;
  std::string out;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !message.SerializeToString(&out)) {
    return Error{Errc::store_corrupt, "schema"};
  }
  return out;
}

}  // namespace

Result<std::string> through_schema(Schema schema, std::string_view bytes) {
  switch (schema) {
    case Schema::member:
      return reserialised<v1::Member>(bytes);
    case Schema::ledger:
      return reserialised<v1::LedgerChunk>(bytes);
    case Schema::order:
      return reserialised<v1::OrderRow>(bytes);
    case Schema::delivery:
      return reserialised<v1::DeliveryRow>(bytes);
    case Schema::parked:
      return reserialised<v1::ParkedRow>(bytes);
    case Schema::reservation:
      return reserialised<v1::ReservationRow>(bytes);
    case Schema::pack:
      return reserialised<v1::Pack>(bytes);
    case Schema::checkpoint:
      return reserialised<v1::Checkpoint>(bytes);
  }
  return Error{Errc::store_corrupt, "schema"};
}

}  // namespace fealty::state

#pragma once

#include <string_view>
#include <vector>

#include "fealty/member/record.hpp"
#include "src/wire.hpp"

/// Fields 50 to 55 of a member: its last money events, and what lies beside it as rows.
namespace fealty::state {

void put_deliveries(wire::Writer& out, const member::DeliveryWindow& window);
void put_index(wire::Writer& out, const member::Record& record);

/// One field 50. `source_before`: of the one before; borrows from `bytes` afterwards.
void get_delivery(std::string_view bytes, std::string_view& source_before,
                  member::DeliveryWindow& window, wire::Reader& outer);
/// One field 53.
void get_index(std::string_view bytes, std::vector<member::ParkedIndex>& index,
               wire::Reader& outer);

}  // namespace fealty::state

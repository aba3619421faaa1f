#include "src/window_codec.hpp"

#include <algorithm>

namespace fealty::state {

using member::DeliveryWindow;
using wire::Reader;
using wire::tag;
using wire::Writer;

void put_deliveries(Writer& out, const DeliveryWindow& window) {
  std::string_view source_before;
  for (std::size_t i = 0; i < window.size(); ++i) {
    const member::Delivery held = window[i];
    const bool business_is_id = !held.business.empty() && held.business == held.id;
    out.nested(50, [&] {
      out.text(1, held.id);
      if (held.source != source_before) out.always_text(2, held.source);
      if (!business_is_id) out.text(3, held.business);
      out.fixed(4, held.digest);
      out.uint(5, held.kind);
      out.uint(6, held.named ? 1 : 0);
      out.uint(7, business_is_id ? 1 : 0);
    });
    source_before = held.source;
  }
  out.uint(51, window.left());
}

void put_index(Writer& out, const member::Record& record) {
  const member::Rare& rare = *record.rare;
  out.uint(52, rare.reservations);
  for (const auto& parked : rare.parked) {
    out.nested(53, [&] {
      out.fixed(1, parked.order_hash);
      out.uint(2, parked.number);
    });
  }
  out.uint(54, record.deliveries.named_left() ? 1 : 0);
  out.uint(55, record.deliveries.others_left() ? 1 : 0);
}

void get_delivery(std::string_view bytes, std::string_view& source_before,
                  member::DeliveryWindow& window, Reader& outer) {
  Reader in{bytes};
  member::Delivery held;
  held.source = source_before;
  bool business_is_id = false;
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::bytes):
        held.id = in.raw_bytes();
        break;
      case tag(2, wire::bytes):
        held.source = in.raw_bytes();
        break;
      case tag(3, wire::bytes):
        held.business = in.raw_bytes();
        break;
      case tag(4, wire::fixed64):
        held.digest = in.raw_fixed64();
        break;
      case tag(5, wire::varint):
        in.uint(held.kind);
        break;
      case tag(6, wire::varint):
        in.flag(held.named);
        break;
      case tag(7, wire::varint):
        in.flag(business_is_id);
        break;
      default:
        in.skip(t, 7);
    }
  }
  if (business_is_id) held.business = held.id;
  constexpr std::size_t most = member::DeliveryWindow::text_bytes_max;
  const bool fits =
      held.id.size() <= most && held.source.size() <= most && held.business.size() <= most;
  if (!in.ok() || !fits || !window.has_room_for(held)) return outer.fail();
  source_before = held.source;
  window.push_back(held);
}

void get_index(std::string_view bytes, std::vector<member::ParkedIndex>& index, Reader& outer) {
  Reader in{bytes};
  member::ParkedIndex parked;
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::fixed64):
        parked.order_hash = in.raw_fixed64();
        break;
      case tag(2, wire::varint):
        in.uint(parked.number);
        break;
      default:
        in.skip(t, 2);
    }
  }
  const bool again = std::any_of(index.begin(), index.end(),
                                 [&](const auto& held) { return held.number == parked.number; });
  if (!in.ok() || again || parked.number >= member::parked_max) return outer.fail();
  index.push_back(parked);
}

}  // namespace fealty::state

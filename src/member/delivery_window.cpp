#include "fealty/member/delivery_window.hpp"

#include <utility>

namespace fealty::member {

DeliveryWindow::DeliveryWindow(const DeliveryWindow& other)
    : bytes_{other.capacity_ > 0 ? std::make_unique_for_overwrite<char[]>(other.capacity_)
                                 : nullptr},
      left_{other.left_},
      capacity_{other.capacity_},
      text_size_{other.text_size_},
      count_{other.count_},
      left_kinds_{other.left_kinds_} {
  if (text_size_ > 0) std::memcpy(bytes_.get(), other.bytes_.get(), text_size_);
  const std::size_t slots = count_ * sizeof(Slot);
  if (slots > 0) {
    std::memcpy(bytes_.get() + capacity_ - slots, other.bytes_.get() + capacity_ - slots, slots);
  }
}

DeliveryWindow::DeliveryWindow(DeliveryWindow&& other) noexcept
    : bytes_{std::move(other.bytes_)},
      left_{std::exchange(other.left_, 0)},
      capacity_{std::exchange(other.capacity_, std::uint16_t{0})},
      text_size_{std::exchange(other.text_size_, std::uint16_t{0})},
      count_{std::exchange(other.count_, std::uint8_t{0})},
      left_kinds_{std::exchange(other.left_kinds_, std::uint8_t{0})} {}

DeliveryWindow& DeliveryWindow::operator=(const DeliveryWindow& other) {
  return *this = DeliveryWindow{other};
}

DeliveryWindow& DeliveryWindow::operator=(DeliveryWindow&& other) noexcept {
  bytes_ = std::move(other.bytes_);
  left_ = std::exchange(other.left_, 0);
  capacity_ = std::exchange(other.capacity_, std::uint16_t{0});
  text_size_ = std::exchange(other.text_size_, std::uint16_t{0});
  count_ = std::exchange(other.count_, std::uint8_t{0});
  left_kinds_ = std::exchange(other.left_kinds_, std::uint8_t{0});
  return *this;
}

/// The source of event `i`, whose texts begin at `text`; kept with an earlier one where it repeats.
std::string_view DeliveryWindow::source_of(std::size_t i, std::size_t text) const {
  Slot slot = slot_at(i);
  while ((slot.flags & same_source) != 0) {
    slot = slot_at(--i);
    text -= slot.text_bytes();
  }
  return {bytes_.get() + text + slot.id_size, slot.source_size};
}

Delivery DeliveryWindow::read(std::size_t i, const Slot& slot, std::size_t text) const {
  const char* const at = bytes_.get() + text;
  Delivery out;
  out.id = {at, slot.id_size};
  out.source = source_of(i, text);
  out.business = (slot.flags & business_is_id) != 0
                     ? out.id
                     : std::string_view{at + slot.id_size + slot.source_size, slot.business_size};
  out.digest = std::uint64_t{slot.digest[1]} << 32U | slot.digest[0];
  out.kind = slot.kind;
  out.named = (slot.flags & is_named) != 0;
  return out;
}

Delivery DeliveryWindow::operator[](std::size_t i) const {
  check(i < count_, "an event of the window");
  std::size_t text = 0;
  for (std::size_t before = 0; before < i; ++before) text += slot_at(before).text_bytes();
  return read(i, slot_at(i), text);
}

bool DeliveryWindow::has_room_for(const Delivery& next) const {
  if (count_ == 0) return true;
  const std::size_t texts =
      next.id.size() + next.source.size() + (next.business == next.id ? 0 : next.business.size());
  return count_ < count_max && used() + texts + sizeof(Slot) <= bytes_max;
}

void DeliveryWindow::push_back(const Delivery& next) {
  check(next.id.size() <= text_bytes_max && next.source.size() <= text_bytes_max &&
            next.business.size() <= text_bytes_max,
        "decode bounds every id");
  check(has_room_for(next), "the window is made room in before");
  Slot slot{};
  slot.digest = {static_cast<std::uint32_t>(next.digest),
                 static_cast<std::uint32_t>(next.digest >> 32U)};
  slot.id_size = static_cast<std::uint16_t>(next.id.size());
  slot.id_mark = mark(next.id);
  slot.business_mark = mark(next.business);
  slot.kind = next.kind;
  slot.flags = next.named ? is_named : std::uint8_t{0};
  if (!next.business.empty() && next.business == next.id) {
    slot.flags |= business_is_id;
  } else {
    slot.business_size = static_cast<std::uint16_t>(next.business.size());
  }
  if (count_ > 0 && (*this)[count_ - 1U].source == next.source) {
    slot.flags |= same_source;
  } else {
    slot.source_size = static_cast<std::uint16_t>(next.source.size());
  }
  reserve(used() + slot.text_bytes() + sizeof slot);
  char* at = bytes_.get() + text_size_;
  const auto add = [&at](std::string_view text, std::size_t size) {
    if (size > 0) std::memcpy(at, text.data(), size);
    at += size;
  };
  add(next.id, slot.id_size);
  add(next.source, slot.source_size);
  add(next.business, slot.business_size);
  text_size_ = static_cast<std::uint16_t>(text_size_ + slot.text_bytes());
  put_slot(count_, slot);
  ++count_;
}

void DeliveryWindow::pop_front() {
  check(count_ > 0, "an event to leave");
  const Slot gone = slot_at(0);
  std::size_t to = 0;
  std::size_t from = gone.text_bytes();
  if (count_ > 1) {
    Slot next = slot_at(1);
    if ((next.flags & same_source) != 0) {
      // The source stays, with the event behind, between its id and its business id.
      std::array<char, text_bytes_max> source;
      std::memcpy(source.data(), bytes_.get() + gone.id_size, gone.source_size);
      std::memmove(bytes_.get(), bytes_.get() + from, next.id_size);
      if (gone.source_size > 0) {
        // Never past what is still to be moved: the event that goes was larger than its source.
        std::memcpy(bytes_.get() + next.id_size, source.data(), gone.source_size);
      }
      to = std::size_t{next.id_size} + gone.source_size;
      from += next.id_size;
      next.source_size = gone.source_size;
      next.flags = static_cast<std::uint8_t>(next.flags & ~same_source);
      put_slot(1, next);
    }
  }
  std::memmove(bytes_.get() + to, bytes_.get() + from, text_size_ - from);
  text_size_ = static_cast<std::uint16_t>(text_size_ - (from - to));
  char* const slots = bytes_.get() + capacity_ - count_ * sizeof(Slot);
  std::memmove(slots + sizeof(Slot), slots, (count_ - 1U) * sizeof(Slot));
  --count_;
  ++left_;
  set_left_kind((gone.flags & is_named) != 0 ? 1 : 2, true);
}

/// In steps of what the allocator hands out, so that no room is unused.
void DeliveryWindow::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  constexpr std::size_t step = 32, allocators_own = 8;
  const std::size_t capacity = (bytes + allocators_own + step - 1) / step * step - allocators_own;
  auto grown = std::make_unique_for_overwrite<char[]>(capacity);
  const std::size_t slots = count_ * sizeof(Slot);
  if (text_size_ > 0) std::memcpy(grown.get(), bytes_.get(), text_size_);
  if (slots > 0) {
    std::memcpy(grown.get() + capacity - slots, bytes_.get() + capacity_ - slots, slots);
  }
  bytes_ = std::move(grown);
  capacity_ = static_cast<std::uint16_t>(capacity);
}

bool operator==(const DeliveryWindow& a, const DeliveryWindow& b) {
  if (a.count_ != b.count_ || a.left_ != b.left_ || a.left_kinds_ != b.left_kinds_) return false;
  for (std::size_t i = 0; i < a.count_; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace fealty::member

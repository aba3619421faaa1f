#include "transactions.hpp"

#include <algorithm>

namespace fealty::simulation {

std::optional<int> Transactions::init(const std::string& id) {
  Held& held = held_[id];
  if (held.phase == Phase::open) {
    held.phase = Phase::ending;
    held.commit = false;
    ++held.epoch;  // Whoever has it open can do no more.
  }
  if (held.phase == Phase::ending) return std::nullopt;
  return ++held.epoch;
}

Transactions::Held* Transactions::current(const ProducerId& producer, Answer& why) {
  Held& held = held_[producer.id];
  why = Answer::ok;
  if (held.epoch != producer.epoch) {
    why = Answer::fenced;
  } else if (held.phase == Phase::ending) {
    why = Answer::concurrent;
  }
  return why == Answer::ok ? &held : nullptr;
}

void Transactions::open(Held& held) {
  if (held.phase == Phase::open) return;
  held.phase = Phase::open;
  held.number = ++last_;
  held.begun = world_.now();
  held.places.clear();
  held.offsets.clear();
}

Answer Transactions::append(const ProducerId& producer, Place place, std::string_view key,
                            bool keyed, std::string_view value, Offset* next) {
  Answer why{};
  Held* const held = current(producer, why);
  if (held == nullptr) return why;
  open(*held);
  held->places.insert(place);
  const std::int64_t now_ms = world_.wall().time_since_epoch().count();
  const Offset at = topics_.at(place).append(key, keyed, value, now_ms, held->number);
  if (next != nullptr) *next = at + 1;
  return Answer::ok;
}

Answer Transactions::add_offsets(const ProducerId& producer, Group::MemberId member, int generation,
                                 const std::map<std::uint32_t, GroupOffset>& offsets) {
  Answer why{};
  Held* const held = current(producer, why);
  if (held == nullptr) return why;
  open(*held);
  if (!any_generation && !group_.accepts(member, generation)) return Answer::refused;
  for (const auto& [partition, offset] : offsets) held->offsets[partition] = offset;
  return Answer::ok;
}

Answer Transactions::end(const ProducerId& producer, bool commit) {
  Answer why{};
  Held* const held = current(producer, why);
  if (held == nullptr) {
    // Asked again, for the first answer was lost.
    const Held& known = held_[producer.id];
    return why == Answer::concurrent && known.commit == commit ? Answer::ok : why;
  }
  if (held->phase == Phase::none) return Answer::ok;
  held->phase = Phase::ending;
  held->commit = commit;
  return Answer::ok;
}

bool Transactions::unstable(std::uint32_t partition) const {
  for (const auto& [id, held] : held_) {
    if (held.phase != Phase::none && held.offsets.contains(partition)) return true;
  }
  return false;
}

bool Transactions::quiet() const {
  return std::all_of(held_.begin(), held_.end(),
                     [](const auto& held) { return held.second.phase == Phase::none; });
}

/// One marker, wherever one is missing; or the group learns its offsets.
void Transactions::mark(Held& held) {
  const std::size_t left = held.places.size() + (held.offsets.empty() ? 0 : 1);
  if (left > 0) {
    const bool group = times_.group_first && !held.offsets.empty();
    const std::size_t chosen = group ? held.places.size() : world_.pick(left);
    if (chosen < held.places.size()) {
      const auto at = std::next(held.places.begin(), static_cast<std::ptrdiff_t>(chosen));
      topics_.at(*at).end(held.number, held.commit);
      held.places.erase(at);
    } else {
      if (held.commit) {
        for (const auto& [partition, offset] : held.offsets) group_.commit(partition, offset);
      }
      held.offsets.clear();
    }
  }
  if (held.places.empty() && held.offsets.empty()) held.phase = Phase::none;
}

void Transactions::tick() {
  for (auto& [id, held] : held_) {
    if (held.phase == Phase::open && world_.now() - held.begun > times_.timeout) {
      held.phase = Phase::ending;
      held.commit = false;
      ++held.epoch;
    }
    if (held.phase == Phase::ending && world_.one_in(times_.marker_every)) mark(held);
  }
}

}  // namespace fealty::simulation

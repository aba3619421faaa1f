#include "world.hpp"

#include <algorithm>
#include <utility>

namespace fealty::simulation {

void World::add_actor(std::function<void()> body) {
  auto& actor = actors_.emplace_back(std::make_unique<Actor>());
  actor->body = std::move(body);
  actor->wakes_at = now_;
  actor->thread = std::thread{[this, made = actor.get()] { live(*made); }};
}

void World::live(Actor& actor) {
  actor.turn.acquire();
  try {
    actor.body();
  } catch (const Stuck&) {
    stuck_ = true;
  }
  actor.ended = true;
  current_ = draw_next();
  if (current_ != nullptr) {
    current_->turn.release();
  } else {
    all_ended_.release();
  }
}

bool World::run() {
  current_ = draw_next();
  if (current_ == nullptr) return !stuck_;
  current_->turn.release();
  all_ended_.acquire();
  // Those at the end may have been added by others.
  for (const auto& actor : actors_) actor->thread.join();
  actors_.clear();
  return !stuck_;
}

/// Somebody who is awake; where nobody is, time goes on to the first who will be.
World::Actor* World::draw_next() {
  std::vector<Actor*> awake;
  Actor* first = nullptr;
  for (const auto& actor : actors_) {
    if (actor->ended) continue;
    if (actor->wakes_at <= now_ || stuck_) awake.push_back(actor.get());
    if (first == nullptr || actor->wakes_at < first->wakes_at) first = actor.get();
  }
  if (!awake.empty()) return awake[pick(awake.size())];
  if (first != nullptr) now_ = std::max(now_, first->wakes_at);
  return first;
}

void World::give_turn() {
  Actor* const self = current_;
  Actor* const next = draw_next();
  if (next == self) return;
  current_ = next;
  next->turn.release();
  self->turn.acquire();
}

void World::pass() {
  if (++passes_ > passes_max_) stuck_ = true;
  if (stuck_) throw Stuck{};
  now_ += static_cast<Millis>(pick(3));
  if (upkeep) upkeep();
  if (one_in(switch_every_)) give_turn();
  if (stuck_) throw Stuck{};
}

void World::sleep(Millis time) {
  current_->wakes_at = now_ + time;
  give_turn();
  pass();
}

}  // namespace fealty::simulation

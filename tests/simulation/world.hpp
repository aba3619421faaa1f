#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "fealty/base/time.hpp"

namespace fealty::simulation {

using Millis = std::int64_t;

/// Thrown out of a port call where the simulated process ends. Nothing catches it but its host.
struct Died {};
/// Likewise where a run goes on and on: every actor of it ends.
struct Stuck {};

/// Chance, time and turns of a simulated run: actors on threads of their own, of which exactly one
/// runs at a time. Who is next is drawn whenever one of them calls a port, so that a seed is a
/// history, and the same one each time.
///
/// Threads: the actor whose turn it is; outside run(), whoever made it.
class World {
 public:
  /// `passes_max`: port calls of all actors together after which the run counts as stuck.
  World(std::uint64_t seed, std::uint64_t passes_max)
      : random_{seed}, passes_max_{passes_max}, switch_every_{1 + pick(12)} {}

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + pick(most - least + 1);
  }
  /// n = 0: never.
  bool one_in(std::uint64_t n) { return n != 0 && random_() % n == 0; }

  /// Since the beginning. Days of the shop go by in moments of it.
  [[nodiscard]] Millis now() const { return now_; }
  [[nodiscard]] EventTime wall() const { return wall_; }
  void wall_reaches(EventTime time) {
    if (time > wall_) wall_ = time;
  }

  /// With FEALTY_TRACE set, on stderr: to look at one seed.
  template <class... Parts>
  void tell(const Parts&... parts) {
    if (!traced_) return;
    std::string line = std::to_string(now_);
    ((line += ' ', line += text(parts)), ...);
    std::fprintf(stderr, "%s\n", line.c_str());
  }

  void add_actor(std::function<void()> body);
  /// Until the bodies of all actors have returned; then there are none. False where it got stuck.
  bool run();

  /// A port call: time goes on, and perhaps somebody else.
  void pass();
  /// Others go on meanwhile.
  void sleep(Millis time);
  /// What happens by itself, at each pass.
  std::function<void()> upkeep;

 private:
  struct Actor {
    std::function<void()> body;
    std::binary_semaphore turn{0};
    Millis wakes_at = 0;
    bool ended = false;
    std::thread thread;
  };
  static std::string text(std::string_view part) { return std::string{part}; }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  static std::string text(Number part) { return std::to_string(part); }
  Actor* draw_next();
  void give_turn();
  void live(Actor& actor);

  std::mt19937_64 random_;
  const std::uint64_t passes_max_;
  const std::uint64_t switch_every_;
  const bool traced_ = std::getenv("FEALTY_TRACE") != nullptr;
  std::uint64_t passes_ = 0;
  Millis now_ = 0;
  EventTime wall_{};
  bool stuck_ = false;
  std::vector<std::unique_ptr<Actor>> actors_;
  Actor* current_ = nullptr;
  std::binary_semaphore all_ended_{0};
};

}  // namespace fealty::simulation

#pragma once

#include <cstdint>

#include "life.hpp"
#include "shop_feed.hpp"
#include "trouble.hpp"
#include "world.hpp"

namespace fealty::simulation {

/// What a seed's storm is like: drawn once, so that seeds differ in kind and not only in detail.
struct Weather {
  /// Who says whether an event's time lies too far ahead.
  enum class Judge : std::uint8_t { nobody, broker, reader };

  std::size_t workers = 2;
  bool twin = false;  // somebody starts the first worker a second time
  Millis twin_after = 0;
  bool static_members = false;
  std::uint64_t deaths = 0;  // lives that meet an evil end, or a pause, at most
  Millis after_last = 0;     // from the last event to the end
  Judge judge = Judge::nobody;
  bool ticks = false;
  std::chrono::days clock_jump_max{400};
  bool tight = false;  // memory is
  runtime::KeyPolicy key_policy = runtime::KeyPolicy::ignore;
  bool second_generation = false;  // of the program, from some time on
  ClusterOptions cluster;
  FeedOptions feed;
  TroubleOptions trouble;

  [[nodiscard]] std::int64_t future_ms_max() const {
    return judge == Judge::nobody ? 0 : 5 * 60 * 1000;
  }
};

Weather draw_weather(World& world, std::uint64_t seed);
/// Settings of one life: they change from one to the next, for none may change an outcome.
LifeOptions draw_life(World& world, const Weather& weather);
Trouble::Plan draw_plan(World& world);

}  // namespace fealty::simulation

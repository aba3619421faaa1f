#include "replay_threads.hpp"

#include <algorithm>
#include <thread>

#include "fealty/config/service.hpp"

namespace fealty::cli {
namespace {

/// What they bring grows slower from here on: outputs are put in order on one thread.
constexpr std::uint32_t lanes_max = 8;
constexpr std::uint32_t decoders_max = 4;  // each holds a batch
constexpr std::uint32_t workers_a_decoder = 4;

}  // namespace

std::uint32_t replay_workers_default() {
  return std::clamp(std::thread::hardware_concurrency(), 2U, config::workers_max);
}

ReplayThreads replay_threads(std::uint32_t workers, std::uint32_t partitions) {
  if (workers == 0) workers = replay_workers_default();
  if (workers == 1) return {};
  const std::uint32_t decoders =
      std::min((workers + workers_a_decoder - 1) / workers_a_decoder, decoders_max);
  return {.decoders = decoders,
          .lanes = std::clamp(workers - decoders, 1U, std::min(lanes_max, partitions)),
          .beside = true};
}

}  // namespace fealty::cli

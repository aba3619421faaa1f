#include "replay_threads.hpp"

#include <algorithm>
#include <thread>

#include "fealty/config/service.hpp"

namespace fealty::cli {
namespace {

/// A thread decodes faster than records are applied; several are for mappings that cost more. More
/// would wait, and each holds a batch.
constexpr std::uint32_t decoders_max = 4;

}  // namespace

std::uint32_t replay_workers_default() {
  return std::clamp(std::thread::hardware_concurrency(), 2U, config::workers_max);
}

ReplayThreads replay_threads(std::uint32_t workers) {
  if (workers == 0) workers = replay_workers_default();
  return {.decoders = std::min(workers - 1, decoders_max), .beside = workers > 1};
}

}  // namespace fealty::cli

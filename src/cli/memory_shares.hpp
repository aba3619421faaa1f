#pragma once

#include "fealty/config/service.hpp"
#include "fealty/runtime/memory_budget.hpp"

namespace fealty::cli {

/// Of `memory.budget`, where ingest runs beside members: it holds what is on its way, and no
/// member.
inline runtime::MemoryBudget ingest_budget(const config::ServiceConfig& service) {
  constexpr std::size_t part = 4;
  const std::size_t bytes =
      service.run.members ? service.memory_bytes / part : service.memory_bytes;
  return runtime::MemoryBudget{bytes, true, service.ingest.workers};
}

/// What is left of it for so many workers.
inline runtime::MemoryBudget members_budget(const config::ServiceConfig& service,
                                            std::size_t workers) {
  const std::size_t taken = service.run.ingest ? ingest_budget(service).bytes() : 0;
  return runtime::MemoryBudget{service.memory_bytes - taken, true, workers};
}

}  // namespace fealty::cli

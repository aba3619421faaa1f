#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fealty::simulation {

/// FEALTY_SEED=S: that one. FEALTY_SEEDS=N: so many, from FEALTY_SEED_FIRST on (else from 1);
/// without it 4000 with FEALTY_LONG, 300 where the first one is given (CI draws it), else 100. Of
/// several shards (FEALTY_SHARD=I from 0, FEALTY_SHARDS=N) every N-th.
std::vector<std::uint64_t> seeds_to_run();

/// How to run a seed once more.
std::string rerun(std::uint64_t seed);

/// While it lives, a check() that fails names the seed.
class SeedNote {
 public:
  explicit SeedNote(std::uint64_t seed);
  ~SeedNote();
  SeedNote(const SeedNote&) = delete;
  SeedNote& operator=(const SeedNote&) = delete;
};

}  // namespace fealty::simulation

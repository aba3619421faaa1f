#include "seeds.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fealty::simulation {
namespace {

std::atomic<std::uint64_t> seed_under_way{0};

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

extern "C" void name_seed(int signal) {
  char text[128];
  const int size =
      std::snprintf(text, sizeof text, "seed %llu; once more: ./run simulate --seed %llu\n",
                    static_cast<unsigned long long>(seed_under_way.load()),
                    static_cast<unsigned long long>(seed_under_way.load()));
  static_cast<void>(!::write(STDERR_FILENO, text, static_cast<std::size_t>(size)));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

std::vector<std::uint64_t> seeds_to_run() {
  if (const std::uint64_t one = number("FEALTY_SEED", 0); one != 0) return {one};
  constexpr std::uint64_t usual = 100, drawn = 300, many = 4000;
  const std::uint64_t first = number("FEALTY_SEED_FIRST", 0);
  const bool long_tier = number("FEALTY_LONG", 0) != 0;
  const std::uint64_t count = number("FEALTY_SEEDS", long_tier ? many : first != 0 ? drawn : usual);
  const std::uint64_t shards = number("FEALTY_SHARDS", 1), shard = number("FEALTY_SHARD", 0);
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = shard; i < count; i += shards)
    seeds.push_back((first != 0 ? first : 1) + i);
  return seeds;
}

std::string rerun(std::uint64_t seed) {
  return "seed " + std::to_string(seed) + "; once more: ./run simulate --seed " +
         std::to_string(seed);
}

SeedNote::SeedNote(std::uint64_t seed) {
  seed_under_way = seed;
  std::signal(SIGABRT, name_seed);
}

SeedNote::~SeedNote() { std::signal(SIGABRT, SIG_DFL); }

}  // namespace fealty::simulation

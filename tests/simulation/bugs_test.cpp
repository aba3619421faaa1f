#include "bugs.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "storm.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

/// A number that a forked process leaves behind.
class Shared {
 public:
  Shared()
      : at_{static_cast<std::uint64_t*>(::mmap(nullptr, sizeof(std::uint64_t),
                                               PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                               -1, 0))} {}
  ~Shared() { ::munmap(at_, sizeof(std::uint64_t)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  [[nodiscard]] std::uint64_t get() const { return *at_; }
  void set(std::uint64_t value) { *at_ = value; }

 private:
  std::uint64_t* at_;
};

constexpr std::uint64_t seeds_max = 300;

class PlantedBug : public testing::TestWithParam<Bug> {};

/// In a process of its own: a bug may well be told by a check() of the product.
TEST_P(PlantedBug, IsTold) {
  static_cast<void>(sim_topology());  // once, before there are processes
  Shared seed;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    static_cast<void>(!std::freopen("/dev/null", "w", stderr));
    for (std::uint64_t i = 1; i <= seeds_max; ++i) {
      seed.set(i);
      if (!run_storm(i, GetParam()).failure.empty()) std::_Exit(0);
    }
    std::_Exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const bool told = (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                    (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  EXPECT_TRUE(told) << "no storm of " << seeds_max << " tells " << name(GetParam());
  RecordProperty("told_by_seed", std::to_string(seed.get()));
}

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedBug, testing::ValuesIn(planted_bugs()),
                         [](const auto& bug) { return std::string{name(bug.param)}; });

}  // namespace
}  // namespace fealty::simulation

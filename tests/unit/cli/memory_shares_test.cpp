#include "memory_shares.hpp"

#include <gtest/gtest.h>

namespace fealty::cli {
namespace {

config::ServiceConfig service(bool ingest, bool members) {
  config::ServiceConfig out;
  out.memory_bytes = std::size_t{1} << 30U;
  out.run = {.ingest = ingest, .members = members};
  out.ingest.workers = 2;
  return out;
}

TEST(MemoryShares, IngestAndMembersTogetherHaveTheBudgetAndNoMore) {
  const auto both = service(true, true);
  EXPECT_EQ(ingest_budget(both).bytes() + members_budget(both, 3).bytes(), both.memory_bytes);
  EXPECT_LT(ingest_budget(both).bytes(), members_budget(both, 3).bytes());
  EXPECT_EQ(ingest_budget(both).workers(), 2U);
  EXPECT_EQ(members_budget(both, 3).workers(), 3U);
}

TEST(MemoryShares, EitherAloneHasAllOfIt) {
  const auto members = service(false, true), ingest = service(true, false);
  EXPECT_EQ(members_budget(members, 1).bytes(), members.memory_bytes);
  EXPECT_EQ(ingest_budget(ingest).bytes(), ingest.memory_bytes);
}

}  // namespace
}  // namespace fealty::cli

#include "standbys.hpp"

#include <gmock/gmock.h>

namespace fealty::cli {
namespace {

TEST(ProcessesOf, WorkersAreOfTheProcessThatTheirIdsBeginWith) {
  const std::vector<kafka::GroupMember> members{{"shop-host-1-0", {5, 1}},
                                                {"shop-host-2-0", {2}},
                                                {"shop-host-1-1", {3}},
                                                {"", {4}},  // a member that is none of ours
                                                {"shop-host-1-10", {}}};
  EXPECT_THAT(processes_of(members),
              testing::ElementsAre(runtime::GroupProcess{"shop-host-1", {1, 3, 5}},
                                   runtime::GroupProcess{"shop-host-2", {2}}));
}

}  // namespace
}  // namespace fealty::cli

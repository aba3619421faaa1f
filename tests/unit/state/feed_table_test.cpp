#include "fealty/state/feed_table.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace fealty::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

class FeedTables : public testing::Test {
 protected:
  FeedTables() { std::filesystem::remove_all(directory_); }
  ~FeedTables() override { std::filesystem::remove_all(directory_); }
  std::unique_ptr<ports::FeedTable> open() {
    auto table = open_feed_table(directory_ + "/ingest/0", std::size_t{16} << 20U);
    EXPECT_TRUE(table) << to_string(table.error());
    return table ? std::move(*table) : nullptr;
  }
  const std::string directory_ =
      (std::filesystem::temp_directory_path() / ("fealty-feed-" + std::to_string(::getpid())))
          .string();
};

TEST_F(FeedTables, KeepsEntriesAndHowFarTheirFeedWasRead) {
  {
    const auto table = open();
    EXPECT_THAT(*table->positions(), IsEmpty());
    EXPECT_EQ(*table->get("o1"), std::nullopt);
    const std::array<ports::FeedTable::Change, 3> changes{
        {{"o1", "anna"}, {"o2", "bert"}, {"", "nobody's"}}};
    ASSERT_TRUE(table->apply(changes, std::array<std::uint64_t, 2>{7, 0}));
    ASSERT_TRUE(table->apply(std::array<ports::FeedTable::Change, 1>{{{"o2", ""}}},
                             std::array<std::uint64_t, 2>{7, 1}));
  }
  const auto table = open();
  EXPECT_THAT(*table->get("o1"), Optional(std::string{"anna"}));
  EXPECT_EQ(*table->get("o2"), std::nullopt);
  EXPECT_EQ(*table->get("p1"), std::nullopt);
  EXPECT_THAT(*table->get(""), Optional(std::string{"nobody's"}));
  EXPECT_THAT(*table->positions(), ElementsAre(7, 1));
}

TEST_F(FeedTables, OneProcessHasItAtATime) {
  const auto first = open();
  const auto second = open_feed_table(directory_ + "/ingest/0", std::size_t{16} << 20U);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::state_in_use);
}

TEST_F(FeedTables, APlaceThatIsNoDirectoryIsNamed) {
  std::filesystem::create_directories(directory_);
  std::ofstream{directory_ + "/ingest"} << "x";
  const auto table = open_feed_table(directory_ + "/ingest/0", std::size_t{16} << 20U);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::output_unwritable);
  EXPECT_THAT(table.error().detail, testing::HasSubstr(directory_));
}

}  // namespace
}  // namespace fealty::state

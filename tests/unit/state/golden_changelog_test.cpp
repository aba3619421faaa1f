// A changelog that the release before wrote restores to the members that it had, for ever.
// tests/golden/state/README.md says what it holds and how it was made.
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

const std::string golden = FEALTY_SOURCE_DIR "/tests/golden/state/changelog-2";

std::string text_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_FALSE(text.empty()) << file;
  return text;
}

/// By partition.
std::map<std::uint32_t, Changelog> golden_records() {
  const std::string text = text_of(golden + ".bin");
  std::size_t at = 0;
  const auto number = [&] {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(text.at(at++))) << 8 * i;
    }
    return value;
  };
  std::map<std::uint32_t, Changelog> out;
  while (at < text.size()) {
    const std::uint32_t partition = number(), key_size = number(), value_size = number();
    out[partition].emplace_back(text.substr(at, key_size), text.substr(at + key_size, value_size));
    at += key_size + value_size;
  }
  return out;
}

/// As changelog-2.members has them, which is how that release showed them.
void expect_golden_members(std::map<std::uint32_t, std::unique_ptr<ports::MemberStore>>& stores) {
  std::map<std::string, std::string> seen;
  std::uint64_t entries = 0;
  for (auto& [partition, store] : stores) {
    const auto scanned = store->scan([&](const member::Record& record) -> Result<void> {
      std::ostringstream line;
      line << record.id << ' ' << record.balance << ' ' << record.lifetime_points << ' '
           << record.purchases << ' ' << std::hex;
      line.width(16);
      line.fill('0');
      line << record.ledger_hash;
      seen[record.id] = line.str();
      return {};
    });
    ASSERT_TRUE(scanned) << to_string(scanned.error());
    for (const auto& [id, line] : seen) entries += entry_numbers(*store, id).size();
    const auto checkpoint = store->checkpoint();
    ASSERT_TRUE(checkpoint && *checkpoint);
    EXPECT_EQ((*checkpoint)->program_id, "default");
    EXPECT_EQ((*checkpoint)->recover_from, (*checkpoint)->committed);
  }
  std::string all;
  for (const auto& [id, line] : seen) all += line + "\n";
  EXPECT_EQ(all, text_of(golden + ".members"));
  EXPECT_GT(entries, 100U);
}

TEST(GoldenChangelog, RestoresToTheMembersThatWereThere) {
  const TemporaryDirectory directory;
  MemoryStores memory;
  const auto disk = stores_in(directory.path());
  for (ports::MemberStores* const stores : {static_cast<ports::MemberStores*>(&memory),
                                            static_cast<ports::MemberStores*>(disk.get())}) {
    std::map<std::uint32_t, std::unique_ptr<ports::MemberStore>> restored;
    for (const auto& [partition, records] : golden_records()) {
      restored[partition] = opened(*stores, partition);
      restore(*restored[partition], records);
    }
    ASSERT_EQ(restored.size(), 4U);
    expect_golden_members(restored);
  }
}

}  // namespace
}  // namespace fealty::state

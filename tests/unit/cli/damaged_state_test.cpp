// A service's state directory that is damaged: what a start does with it, by policy.
#include "damaged_state.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace fealty::cli {
namespace {

namespace fs = std::filesystem;
using config::OnDamage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class DamagedState : public testing::Test {
 protected:
  DamagedState() {
    std::string name = (fs::temp_directory_path() / "fealty-damaged-XXXXXX").string();
    home_ = mkdtemp(name.data());
    options.dir = (home_ / "state").string();
    open_once(OnDamage::stop);
    std::ofstream{fs::path{options.dir} / "program.yaml"} << "first\n";
    std::ofstream{fs::path{options.dir} / "program-2.yaml"} << "second\n";
  }
  ~DamagedState() override { fs::remove_all(home_); }

  void open_once(OnDamage policy) {
    const auto stores = open_service_stores(options, policy);
    EXPECT_TRUE(stores) << to_string(stores.error());
  }
  void damage() { std::ofstream{fs::path{options.dir} / "CURRENT"} << "MANIFEST-999999\n"; }
  [[nodiscard]] std::vector<std::string> names(const fs::path& in, const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator{in}) {
      const std::string name = entry.path().filename().string();
      if (name.find(part) != std::string::npos) found.push_back(name);
    }
    return found;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in{fs::path{options.dir} / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  fs::path home_;
  StateOptions options;
};

TEST_F(DamagedState, IsLeftAsItIsWhereThePolicyIsToStop) {
  damage();
  const auto stores = open_service_stores(options, OnDamage::stop);
  ASSERT_FALSE(stores.has_value());
  EXPECT_EQ(stores.error().code, Errc::store_corrupt);
  EXPECT_THAT(stores.error().detail, HasSubstr("MANIFEST-999999"));
  EXPECT_THAT(names(home_, "damaged"), IsEmpty());
}

TEST_F(DamagedState, IsMovedAsideAndKeptWithThePrograms) {
  damage();
  open_once(OnDamage::rebuild);
  const auto moved = names(home_, "damaged");
  ASSERT_THAT(moved, ElementsAre(StartsWith("state.damaged-20")));
  EXPECT_TRUE(fs::exists(home_ / moved[0] / "FORMAT"));
  EXPECT_EQ(text("program.yaml"), "first\n");
  EXPECT_EQ(text("program-2.yaml"), "second\n");
  // A sound one is left alone, and a second damaged one has a name of its own.
  open_once(OnDamage::rebuild);
  damage();
  open_once(OnDamage::rebuild);
  EXPECT_EQ(names(home_, "damaged").size(), 2U);
}

TEST_F(DamagedState, IsKnownToTheNextStartWhereReadingFoundIt) {
  note_damage(options.dir, {Errc::store_corrupt, "state", "000012.sst: bad block"});
  open_once(OnDamage::stop);
  EXPECT_THAT(names(home_, "damaged"), IsEmpty());
  open_once(OnDamage::rebuild);
  EXPECT_EQ(names(home_, "damaged").size(), 1U);
  EXPECT_FALSE(fs::exists(fs::path{options.dir} / "DAMAGED"));
}

TEST_F(DamagedState, IsNotWhatOtherErrorsMean) {
  note_damage(options.dir, {Errc::store_unavailable, "state", "busy"});
  note_damage(options.dir, {Errc::store_corrupt, "changelog", "member anna: does not decode"});
  EXPECT_THAT(names(options.dir, "DAMAGED"), IsEmpty());
}

// As of a mount point.
TEST_F(DamagedState, IsEmptiedWhereItCannotBeRenamed) {
  damage();
  fs::permissions(home_, static_cast<fs::perms>(0555));
  constexpr uid_t nobody = 65534;
  const bool root = geteuid() == 0;
  if (root) {
    for (const auto& entry : fs::recursive_directory_iterator{options.dir}) {
      ASSERT_EQ(chown(entry.path().c_str(), nobody, nobody), 0);
    }
    ASSERT_EQ(chown(options.dir.c_str(), nobody, nobody), 0);
  }
  ASSERT_EQ(root ? seteuid(nobody) : 0, 0);
  open_once(OnDamage::rebuild);
  open_once(OnDamage::rebuild);
  ASSERT_EQ(root ? seteuid(0) : 0, 0);
  fs::permissions(home_, fs::perms::owner_all);
  const auto moved = names(options.dir, "damaged-");
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_TRUE(fs::exists(fs::path{options.dir} / moved[0] / "FORMAT"));
  EXPECT_TRUE(fs::exists(fs::path{options.dir} / "FORMAT"));
  EXPECT_EQ(text("program-2.yaml"), "second\n");
}

TEST_F(DamagedState, IsRecognisedWhereItsEmptyingWasCutOff) {
  damage();
  const fs::path aside = fs::path{options.dir} / "damaged-20260101T000000Z";
  fs::create_directory(aside);
  fs::rename(fs::path{options.dir} / "CURRENT", aside / "CURRENT");
  open_once(OnDamage::rebuild);
  EXPECT_EQ(names(home_, "state.damaged-").size(), 1U);
}

}  // namespace
}  // namespace fealty::cli

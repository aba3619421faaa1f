#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "decode_properties.hpp"

namespace fealty::fuzz {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> seeds() {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator{FEALTY_CORPUS_DIR}) {
    files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> all;
  for (const auto& file : files) {
    std::ifstream in{file, std::ios::binary};
    all.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  }
  return all;
}

/// One to four random edits: a bit, a byte, a cut, a run doubled.
Bytes mutated(Bytes bytes, std::mt19937_64& random) {
  const std::size_t edits = 1 + random() % 4;
  for (std::size_t i = 0; i < edits && bytes.size() > 1; ++i) {
    const std::size_t at = 1 + random() % (bytes.size() - 1);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 5) {
      case 0:
        *place = static_cast<std::uint8_t>(*place ^ (1U << random() % 8));
        break;
      case 1:
        *place = static_cast<std::uint8_t>(random());
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.erase(place);
        break;
      default: {
        const Bytes copy(place, bytes.end());
        bytes.insert(place, copy.begin(), copy.end());
      }
    }
  }
  return bytes;
}

TEST(DecodeCorpus, EverySeedHoldsThePromises) {
  const std::vector<Bytes> all = seeds();
  ASSERT_GE(all.size(), 10U);
  // Both ways out are taken: where all were refused, little would be proved.
  const auto events = std::count_if(
      all.begin(), all.end(), [](const Bytes& seed) { return decode_holds_its_promises(seed); });
  EXPECT_GE(events, 10);
  EXPECT_LE(events, std::ssize(all) - 5);
}

TEST(DecodeCorpus, EveryMutationOfASeedHoldsThePromises) {
  std::mt19937_64 random{1};  // The same mutations in each run.
  const std::vector<Bytes> all = seeds();
  std::size_t events = 0, refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    for (const Bytes& seed : all) {
      ++(decode_holds_its_promises(mutated(seed, random)) ? events : refused);
    }
  }
  EXPECT_GE(events, 500U);
  EXPECT_GE(refused, 10'000U);
}

}  // namespace
}  // namespace fealty::fuzz

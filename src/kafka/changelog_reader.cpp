#include "fealty/kafka/changelog_reader.hpp"

#include <utility>

#include "changelog.hpp"

namespace fealty::kafka {
namespace {

/// KafkaChangelog borrows its options; here nobody else holds them.
class OwnedChangelog final : public ports::Changelog {
 public:
  explicit OwnedChangelog(KafkaOptions options)
      : options_{std::move(options)}, changelog_{options_, {}} {}
  Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) override {
    return changelog_.open(partition, position);
  }

 private:
  const KafkaOptions options_;
  KafkaChangelog changelog_;
};

}  // namespace

Result<std::unique_ptr<ports::Changelog>> open_changelog(const KafkaOptions& options) {
  if (auto valid = validate(options); !valid) return valid.error();
  return std::unique_ptr<ports::Changelog>{std::make_unique<OwnedChangelog>(options)};
}

}  // namespace fealty::kafka

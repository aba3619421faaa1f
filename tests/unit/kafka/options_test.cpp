#include "fealty/kafka/options.hpp"

#include <gmock/gmock.h>

#include "topic_settings.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(KafkaOptions, EachTimeIsAcceptedWithinItsBoundsOnly) {
  struct Bound {
    std::string_view name;
    std::chrono::milliseconds KafkaOptions::*field;
    std::chrono::milliseconds min, max;
  };
  const std::chrono::milliseconds one{1};
  for (const auto& bound :
       {Bound{"session_timeout", &KafkaOptions::session_timeout, session_timeout_min,
              session_timeout_max},
        Bound{"transaction_timeout", &KafkaOptions::transaction_timeout, transaction_timeout_min,
              transaction_timeout_max},
        Bound{"start_timeout", &KafkaOptions::start_timeout, one, transaction_timeout_max},
        Bound{"commit_timeout", &KafkaOptions::commit_timeout, one, transaction_timeout_max}}) {
    const auto with = [&](std::chrono::milliseconds value) {
      KafkaOptions options;
      options.*bound.field = value;
      return validate(options);
    };
    EXPECT_TRUE(with(bound.min)) << bound.name;
    EXPECT_TRUE(with(bound.max)) << bound.name;
    for (const auto value : {bound.min - one, bound.max + one}) {
      const auto refused = with(value);
      ASSERT_FALSE(refused) << bound.name;
      EXPECT_EQ(refused.error().code, Errc::invalid_config);
      EXPECT_THAT(refused.error().detail, HasSubstr(bound.name));
      EXPECT_THAT(refused.error().detail, HasSubstr(std::to_string(bound.max.count())));
    }
  }
}

TEST(KafkaOptions, EveryFaultIsNamed) {
  KafkaOptions options;
  options.brokers.clear();
  options.transaction_timeout = std::chrono::seconds{1};
  options.replication_factor = 0;
  options.extra = {{"isolation.level", "read_uncommitted"}};
  const auto refused = validate(options);
  ASSERT_FALSE(refused);
  for (const auto* name :
       {"brokers", "transaction_timeout", "replication_factor", "isolation.level"}) {
    EXPECT_THAT(refused.error().detail, HasSubstr(name));
  }
}

TEST(TopicSettings, EachUseOfATopicHasCleanupPoliciesThatLoseNothing) {
  struct Case {
    Use use;
    std::string_view fit, unfit;
  };
  for (const auto& [use, fit, unfit] :
       {Case{Use::input, "delete", "compact"}, Case{Use::input, "delete", "delete, compact"},
        Case{Use::output, "delete", "compact,delete"}, Case{Use::snapshots, "compact", "delete"},
        Case{Use::snapshots, "compact,delete", "delete"}, Case{Use::changelog, "compact", "delete"},
        Case{Use::changelog, "compact", "compact,delete"}, Case{Use::changelog, "compact", ""}}) {
    EXPECT_THAT(unfit_cleanup(use, fit), IsEmpty()) << fit;
    EXPECT_THAT(unfit_cleanup(use, unfit), Not(IsEmpty())) << unfit;
  }
}

TEST(TopicSettings, OneTableSaysWhatEachStreamIsFor) {
  const auto use = [](ports::Stream stream) {
    return use_of(ports::spec_of(streams::table, stream));
  };
  EXPECT_EQ(use(streams::notices), Use::output);
  EXPECT_EQ(use(streams::ledger), Use::output);
  EXPECT_EQ(use(streams::deadletters), Use::output);
  EXPECT_EQ(use(streams::members), Use::snapshots);
  EXPECT_EQ(use(streams::changelog), Use::changelog);
  KafkaOptions options;
  options.streams = streams::table;
  options.output_prefix = "shop.";
  EXPECT_EQ(topic_of(streams::members, options), "shop.members");
  EXPECT_EQ(changelog_stream(options), streams::changelog);
}

}  // namespace
}  // namespace fealty::kafka

#include "fealty/kafka/bus.hpp"

#include <algorithm>
#include <array>

#include "changelog.hpp"
#include "fealty/log/log.hpp"
#include "feed.hpp"
#include "sink.hpp"
#include "source.hpp"
#include "topic_settings.hpp"
#include "topics.hpp"

namespace fealty::kafka {

/// In the order of construction; destroyed in reverse, so the producer goes before the consumer
/// whose group it commits for.
struct KafkaBus::Impl {
  Impl() = default;
  explicit Impl(const std::string& input_topic) : inputs{input_topic} {}
  KafkaOptions options;
  InputTable inputs;
  std::uint32_t partitions = 0;
  std::unique_ptr<KafkaSource> source;
  std::unique_ptr<KafkaSink> sink;
  std::unique_ptr<KafkaChangelog> changelog;
};

Result<std::unique_ptr<KafkaBus>> KafkaBus::connect(const KafkaOptions& options) {
  if (auto fit = check_library_version(); !fit) return fit.error();
  if (auto valid = validate(options); !valid) return valid.error();
  auto impl = options.several_inputs() ? std::make_unique<Impl>()
                                       : std::make_unique<Impl>(options.input_topic);
  impl->options = options;
  impl->options.commit_timeout = std::min(options.commit_timeout, options.transaction_timeout / 2);
  Deadline deadline{options.start_timeout};

  auto source = KafkaSource::make(impl->options, impl->inputs);
  if (!source) return source.error();
  impl->source = std::move(*source);
  const auto partitions = ensure_topics(impl->source->client(), impl->options, deadline);
  if (!partitions) return partitions.error();
  const auto fit_topics = check_topic_settings(impl->source->client(), impl->options, deadline);
  if (!fit_topics) return fit_topics.error();
  impl->partitions = *partitions;
  if (!options.several_inputs()) impl->source->set_partitions(*partitions);

  impl->sink =
      std::make_unique<KafkaSink>(impl->options, impl->source->client(), impl->inputs, *partitions);
  // What an earlier holder of the transactional id left open must end before its offsets are read.
  if (auto done = impl->sink->open(Deadline{options.start_timeout}); !done) return done.error();
  impl->source->on_gone(
      [sink = impl->sink.get()](std::uint32_t partition) { sink->forget(partition); });
  impl->changelog = std::make_unique<KafkaChangelog>(
      impl->options, options.several_inputs()
                         ? KafkaChangelog::Seen{}  // its partitions are not the input's
                         : [sink = impl->sink.get()](std::uint32_t partition, std::uint64_t next) {
                             sink->changelog_read(partition, next);
                           });
  return std::unique_ptr<KafkaBus>{new KafkaBus{std::move(impl)}};
}

KafkaBus::KafkaBus(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
KafkaBus::~KafkaBus() = default;
ports::Source& KafkaBus::source() { return *impl_->source; }
ports::Sink& KafkaBus::sink() { return *impl_->sink; }
ports::Changelog& KafkaBus::changelog() { return *impl_->changelog; }
std::uint32_t KafkaBus::input_partitions() const { return impl_->partitions; }

Lag KafkaBus::lag() const { return impl_->source->lag(); }

Result<std::uint32_t> KafkaBus::changelog_partitions() const {
  const KafkaOptions& options = impl_->options;
  return partition_count(impl_->source->client(), options,
                         topic_of(changelog_stream(options), options),
                         Deadline{options.start_timeout});
}

std::unique_ptr<ports::Feed> KafkaBus::feed(ports::Stream stream) const {
  return std::make_unique<KafkaFeed>(impl_->options, topic_of(stream, impl_->options));
}

std::string library_version() { return rd_kafka_version_str(); }

Result<void> check_library_version() {
  const auto version = static_cast<std::uint32_t>(rd_kafka_version()) >> 8U;  // 0xMMmmrr
  constexpr std::array<std::uint32_t, 3> refused{0x020500, 0x020600, 0x020a00};
  for (const auto bad : refused) {
    if (version == bad) {
      return Error{
          Errc::broker_refused, "librdkafka",
          library_version() + " is known to lose or double records: install another version"};
    }
  }
  constexpr std::uint32_t recommended = 0x020a01;
  if (version < recommended) {
    log::warn("kafka.old_library", {{"version", library_version()}, {"recommended", "2.10.1"}});
  }
  return {};
}

}  // namespace fealty::kafka

// The section `ingest`, and what it refuses.
#include "fealty/config/ingest.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fealty/config/service.hpp"

namespace fealty::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Ingest : public testing::Test {
 protected:
  ~Ingest() override { std::filesystem::remove(file_); }
  Result<ServiceConfig> load(const std::string& more) {
    std::ofstream{file_}
        << "program: p.yaml\nstate: {dir: s}\n"
           "kafka: {brokers: 'a:9092', input_topic: events, output_prefix: shop.}\n"
        << more;
    return load_service(file_);
  }
  std::string fault(const std::string& more) {
    const auto loaded = load(more);
    return loaded ? "none" : loaded.error().detail;
  }
  static std::string inputs(const std::string& list) {
    return "ingest: {inputs: [" + list + "]}\n";
  }
  const std::string file_ =
      (std::filesystem::temp_directory_path() / ("fealty-ingest-" + std::to_string(::getpid())))
          .string();
};

TEST_F(Ingest, WithoutItMembersRunAlone) {
  const auto service = load("");
  ASSERT_TRUE(service);
  EXPECT_TRUE(service->run.members);
  EXPECT_FALSE(service->run.ingest);
}

TEST_F(Ingest, WithItBothRunUnlessTheFileSaysWhich) {
  const std::string one =
      inputs("{topic: orders, mapping: flat}, {pattern: 'web[.].*', mapping: ga4}");
  const auto both = load(one);
  ASSERT_TRUE(both) << to_string(both.error());
  EXPECT_TRUE(both->run.members && both->run.ingest);
  EXPECT_THAT(both->ingest.inputs[0].topics, ElementsAre("orders"));
  EXPECT_EQ(both->ingest.inputs[1].mapping, "ga4");
  EXPECT_EQ(both->ingest.wait, std::chrono::hours{7 * 24});
  const auto ingest = load(one + "run: ingest\n");
  EXPECT_TRUE(ingest->run.ingest && !ingest->run.members);
  const auto members = load(one + "run: [members]\n");
  EXPECT_TRUE(members->run.members && !members->run.ingest);
}

TEST_F(Ingest, ReadsAMappingFileAsOneReadsTheServiceFile) {
  const auto service = load(inputs("{topic: a, mapping: mine/a.yaml}"));
  EXPECT_EQ(service->ingest.inputs[0].mapping,
            (std::filesystem::path{file_}.parent_path() / "mine/a.yaml").string());
}

TEST_F(Ingest, FindsTheInputOfATopic) {
  const auto service =
      load(inputs("{topics: [a, b], mapping: flat}, {pattern: 'c|d.', mapping: flat}"));
  ASSERT_TRUE(service);
  EXPECT_EQ(*input_of(service->ingest, "b"), 0U);
  EXPECT_EQ(*input_of(service->ingest, "c"), 1U);
  EXPECT_EQ(*input_of(service->ingest, "dx"), 1U);
  for (const char* none : {"cc", "dxx", "xc", "aa", ""})
    EXPECT_FALSE(input_of(service->ingest, none));
  const auto twice =
      load(inputs("{pattern: 'a.*', mapping: flat}, {pattern: '.*b', mapping: flat}"));
  EXPECT_THAT(input_of(twice->ingest, "ab").error().detail, HasSubstr("topic ab belongs to two"));
}

TEST_F(Ingest, RefusesWhatCannotBeRead) {
  const std::pair<std::string, std::string> cases[] = {
      {"ingest: {}\n", "missing key 'inputs'"},
      {inputs(""), "needs at least one input"},
      {inputs("{mapping: flat}"), "needs one of topic, topics, pattern"},
      {inputs("{topic: a, pattern: b, mapping: flat}"), "exclude one another"},
      {inputs("{topics: [], mapping: flat}"), "names no topic"},
      {inputs("{topic: a}"), "mapping"},
      {inputs("{topic: 'a b', mapping: flat}"), "a topic name has"},
      {inputs("{topic: a, maping: flat, mapping: flat}"), "did you mean 'mapping'"},
      {inputs("{pattern: 'a(', mapping: flat}"), "regular expression"},
      {inputs("{topic: events, mapping: flat}"), "which ingest writes"},
      {inputs("{topic: shop.waiting, mapping: flat}"), "written here"},
      {inputs("{topic: shop.notices, mapping: flat}"), "written here"},
      {inputs("{pattern: 'ev.*', mapping: flat}"), "also matches 'events'"},
      {inputs("{pattern: 'shop[.].*', mapping: flat}"), "also matches 'shop.ledger'"},
      {inputs("{pattern: '.*', mapping: flat}"), "also matches '__consumer_offsets'"},
      {inputs("{topics: [a, a], mapping: flat}"), "names 'a' twice"},
      {inputs("{topic: a, mapping: flat}, {topic: a, mapping: ga4}"), "belongs to an input above"},
      {inputs("{pattern: 'a.*', mapping: flat}, {topic: ab, mapping: ga4}"),
       "belongs to an input above"},
      {inputs("{topic: ab, mapping: flat}, {pattern: 'a.*', mapping: ga4}"), "also matches 'ab'"},
      {inputs("{pattern: 'a.*', mapping: flat}, {pattern: 'a.*', mapping: ga4}"),
       "that of an input above"},
      {"ingest: {wait: 0s, inputs: [{topic: a, mapping: flat}]}\n", "ingest.wait"},
      {"ingest: {workers: 0, inputs: [{topic: a, mapping: flat}]}\n", "ingest.workers"},
      {"run: ingest\n", "no section ingest"},
      {"run: []\n", "expected ingest, members"},
      {"run: [ingets]\n", "did you mean 'ingest'"},
      {"mapping: flat\n" + inputs("{topic: a, mapping: flat}"), "ingest writes CloudEvents"},
  };
  for (const auto& [text, words] : cases) EXPECT_THAT(fault(text), HasSubstr(words)) << text;
}

}  // namespace
}  // namespace fealty::config

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "fealty/runtime/worker_reads.hpp"
#include "harness.hpp"
#include "shop_log.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

using ports::ReadRequest;

constexpr int members = 30;

/// The shop's records by partition, with a member in each.
std::vector<std::vector<std::string>> input(std::uint64_t seed, int count) {
  ShopLog shop{seed, members};
  std::vector<std::vector<std::string>> lists(2);
  for (int i = 0; i < count; ++i) {
    std::string record = shop.next();
    const auto at = record.find("\"subject\":\"m");
    const int member = at == std::string::npos ? 0 : std::atoi(&record[at + 12]);
    lists[static_cast<std::size_t>(member) % 2].push_back(std::move(record));
  }
  return lists;
}

/// Asks after each step for some member and its whole ledger, and holds what it is told against
/// what a reader of the committed outputs sees at that moment.
class Reader {
 public:
  explicit Reader(std::uint64_t seed) : random_{seed} {}
  std::size_t answers = 0, entries = 0, waited = 0;

  void ask(runtime::Members& workers, const SimLog& log) {
    log_ = &log;
    const std::string id = "m" + std::to_string(random_() % members);
    ReadRequest request;
    request.member = id;
    request.deadline = std::chrono::steady_clock::now() + std::chrono::hours{1};
    request.what = ReadRequest::What::ledger;
    const std::size_t committed = ledger_of(id).size();
    const std::uint64_t step = ++steps_;
    workers.reads().ask(request, [this, id, committed, step](runtime::Looked looked) {
      if (looked.refused) {
        EXPECT_EQ(looked.refused->why, ports::ReadFailure::stopping);
        return;
      }
      ++answers;
      waited += steps_ > step + 1 ? 1 : 0;
      if (!looked.found) {
        // Its partition may be on the way; the one that was looked in knows whom it has.
        const auto home = static_cast<std::uint32_t>(std::atoi(id.c_str() + 1) % 2);
        for (const ports::InputPosition& place : looked.without) {
          if (place.partition != home) continue;
          EXPECT_EQ(committed, 0U) << id << " had a ledger when it was asked for";
        }
        return;
      }
      hold(id, looked.found->entries, committed);
      const auto [partition, position] = looked.found->as_of;
      EXPECT_LE(position, log_->committed[partition]) << "not committed yet";
    });
    request.what = ReadRequest::What::member;
    workers.reads().ask(request, [this, id](const runtime::Looked& looked) {
      if (!looked.found) return;
      // Asked for together they are as of one moment.
      const std::string balance = "\"balance\":" + balance_ + ",";
      if (id == balance_of_) {
        EXPECT_NE(looked.found->member.find(balance), std::string::npos)
            << balance << " in " << looked.found->member;
      }
    });
  }

 private:
  std::vector<std::string> ledger_of(const std::string& id) const {
    std::vector<std::string> lines;
    const auto at = log_->outputs.find(topologies::streams::ledger);
    if (at == log_->outputs.end()) return lines;
    for (const auto& [key, value] : at->second) {
      if (key == id) lines.push_back(value);
    }
    return lines;
  }
  /// What was committed when he asked, and nothing that is not committed.
  void hold(const std::string& id, const std::vector<std::string>& told, std::size_t committed) {
    const auto lines = ledger_of(id);
    ASSERT_GE(told.size(), committed) << id;
    ASSERT_LE(told.size(), lines.size()) << id << " was shown what is not committed";
    for (std::size_t i = 0; i < told.size(); ++i) ASSERT_EQ(told[i], lines[i]);
    entries += told.size();
    balance_of_ = told.empty() ? std::string{} : id;
    if (told.empty()) return;
    const auto at = told.back().find("\"balance\":") + 10;
    balance_ = told.back().substr(at, told.back().find(',', at) - at);
  }
  std::mt19937_64 random_;
  const SimLog* log_ = nullptr;
  std::uint64_t steps_ = 0;
  std::string balance_of_, balance_;
};

TEST(Reads, ShowWhatIsCommittedThroughAbortsRebalancesEvictionsAndRecoveries) {
  const auto records = input(11, 900);
  std::size_t entries = 0, waited = 0;
  std::uint64_t evicted = 0;
  for (const Step step :
       {Step::poll, Step::append_abort, Step::commit_abort, Step::commit_end, Step::store_saved}) {
    for (const std::uint64_t nth : {2U, 5U, 9U}) {
      for (const std::size_t cache_bytes : {tight_cache(4'000), std::size_t{8} << 20U}) {
        SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)) + " time " +
                     std::to_string(nth));
        Reader reader{nth};
        RunOptions run;
        run.cache_bytes = cache_bytes;
        run.sink_steps_max = 4;
        run.sink_seed = nth;
        run.evicted = &evicted;
        run.rebalances = {{.goes_at = 20, .comes_at = 26, .partition = 1, .lost = nth % 2 == 0},
                          {.goes_at = 50, .comes_at = 51, .partition = 0, .lost = nth % 2 == 1}};
        SimLog log{records};
        Disk disk;
        run.on_step = [&](runtime::Members& worker) { reader.ask(worker, log); };
        Faults faults;
        faults.cut_at(step, nth);
        bool ended = live_once(sim_topology(), log, disk, faults, run);
        for (int lives = 1; !ended && lives < 5; ++lives) {
          Faults none;
          ended = live_once(sim_topology(), log, disk, none, run);
        }
        ASSERT_TRUE(ended);
        ASSERT_GT(reader.answers, 100U);
        entries += reader.entries;
        waited += reader.waited;
        if (HasFailure()) return;
      }
    }
  }
  // It had something to show, and had to wait for it.
  EXPECT_GT(entries, 1000U);
  EXPECT_GT(waited, 1000U);
  EXPECT_GT(evicted, 100U);
}

/// One that is done with its input, asked before it ends.
class AtRest : public testing::Test {
 protected:
  /// What `request` is answered by a worker that has read everything and saved little of it.
  runtime::Looked answer(ReadRequest request) {
    runtime::Looked got;
    bool asked = false;
    RunOptions run;
    run.checkpoint_distance = 100;
    run.on_step = [&](runtime::Members& worker) {
      if (asked || worker.timeline(0)->next() < records[0].size() ||
          worker.timeline(1)->next() < records[1].size()) {
        return;
      }
      asked = true;
      request.deadline = std::chrono::steady_clock::now() + std::chrono::hours{1};
      worker.reads().ask(request, [&](runtime::Looked looked) { got = std::move(looked); });
      worker.reads().ask(request, [](const runtime::Looked&) {});
    };
    SimLog log{records};
    disk = {};
    Faults none;
    EXPECT_TRUE(live_once(sim_topology(), log, disk, none, run));
    EXPECT_TRUE(asked);
    return got;
  }
  static ReadRequest ledger_of(const std::string& id, std::uint64_t from_seq = 0,
                               std::size_t limit = ports::read_entries_max) {
    ReadRequest request;
    request.what = ReadRequest::What::ledger;
    request.member = id;
    request.from_seq = from_seq;
    request.limit = limit;
    return request;
  }
  std::vector<std::vector<std::string>> records = input(12, 900);
  Disk disk;
};

TEST_F(AtRest, ALedgerComesInPagesWhetherItIsSavedOrNot) {
  const auto whole = answer(ledger_of("m4"));
  ASSERT_TRUE(whole.found);
  EXPECT_EQ(whole.found->next_seq, 0U);
  const auto& all = whole.found->entries;
  ASSERT_GT(all.size(), 5U);
  for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, all.size() - 1, all.size()}) {
    for (std::uint64_t from = 1; from <= all.size(); from += 2) {
      const auto page = answer(ledger_of("m4", from, limit));
      ASSERT_TRUE(page.found);
      const std::size_t count = std::min<std::size_t>(limit, all.size() - from + 1);
      ASSERT_EQ(
          page.found->entries,
          std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(from - 1),
                                   all.begin() + static_cast<std::ptrdiff_t>(from - 1 + count)));
      EXPECT_EQ(page.found->next_seq, from + count > all.size() ? 0 : from + count);
    }
  }
}

TEST_F(AtRest, WhoIsContentWithWhatIsSavedIsToldAsOfWhen) {
  ReadRequest request = ledger_of("m4");
  const auto now = answer(request);
  request.stale = true;
  const auto saved = answer(request);
  ASSERT_TRUE(now.found && saved.found);
  EXPECT_LT(saved.found->as_of.position, now.found->as_of.position);
  EXPECT_LT(saved.found->entries.size(), now.found->entries.size());
}

TEST_F(AtRest, NobodyKnowsAMemberThatWasNeverHeardOf) {
  const auto looked = answer(ledger_of("nobody"));
  EXPECT_FALSE(looked.found || looked.refused);
  EXPECT_EQ(looked.without,
            (std::vector<ports::InputPosition>{{0, records[0].size()}, {1, records[1].size()}}));
}

TEST_F(AtRest, WhoAsksForMoreThanThereIsWaitsAndIsToldHowFarItHasCome) {
  ReadRequest request = ledger_of("m4");
  request.at_least = ports::InputPosition{0, records[0].size()};
  EXPECT_TRUE(answer(request).found);
  request.at_least->position += 1;
  const auto looked = answer(request);
  ASSERT_TRUE(looked.refused);
  EXPECT_EQ(looked.refused->why, ports::ReadFailure::stopping);
}

}  // namespace
}  // namespace fealty::simulation

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/output.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

inline constexpr Millis commit_timeout = 2'000;  // after this a request counts as unanswered

/// A transactional producer as the one of src/kafka/producer.cpp answers: what it took is sent in
/// the background or before a commit; an error is transaction_aborted where only an abort is left,
/// fenced where another one has its id, broker_unreachable where nobody knows.
class SimProducer {
 public:
  SimProducer(Trouble& process, std::string id, std::uint32_t partitions)
      : process_{process}, producer_{std::move(id), -1}, changelog_next_(partitions, 0) {}

  /// The id's next epoch, once what was open of it has ended.
  Result<void> init();
  Result<void> begin();
  Result<void> produce(const ports::OutputBuffer& out);
  Result<void> send_offsets(const std::map<std::uint32_t, GroupOffset>& offsets);
  Result<void> commit();
  Result<void> abort();
  /// A planted fault: goes on as if nothing were open.
  void pretend_ended() { in_transaction_ = false; }

  /// A transaction of it was too old.
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  /// Behind its last record of a changelog partition.
  [[nodiscard]] Offset changelog_next(std::uint32_t partition) const {
    return changelog_next_[partition];
  }

 private:
  struct Unsent {
    Place place;
    std::string key, value;
    bool keyed = false;
  };
  Result<void> flush(std::size_t count);
  Result<void> answered(Answer answer, const char* what);
  Error no_answer(const char* what);

  Trouble& process_;
  ProducerId producer_;
  bool in_transaction_ = false, timed_out_ = false;
  Millis begun_ = 0;
  std::vector<Unsent> unsent_;
  std::vector<Offset> changelog_next_;
};

}  // namespace fealty::simulation

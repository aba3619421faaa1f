#include "fealty/state/async_stores.hpp"

#include <functional>
#include <utility>
#include <vector>

#include "fealty/base/check.hpp"
#include "src/save_thread.hpp"

namespace fealty::state {
namespace {

class AsyncStore final : public ports::MemberStore {
 public:
  /// `left` is called once the store is closed.
  AsyncStore(std::unique_ptr<ports::MemberStore> inner, SaveThread& thread,
             std::function<void()> left)
      : inner_{std::move(inner)},
        thread_{thread},
        client_{thread.join(*inner_)},
        left_{std::move(left)} {}
  ~AsyncStore() override {
    thread_.leave(client_);
    inner_.reset();
    left_();
  }
  AsyncStore(const AsyncStore&) = delete;
  AsyncStore& operator=(const AsyncStore&) = delete;
  [[nodiscard]] const SaveThread::Client& client() const { return client_; }

  Result<std::optional<ports::Checkpoint>> checkpoint() override {
    if (auto well = thread_.begin_afresh(client_); !well) return well.error();
    return inner_->checkpoint();
  }
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    if (auto waited = thread_.wait_for(client_, members); !waited) return waited;
    return inner_->load(members, out);
  }
  Result<void> find_rows(std::string_view member,
                         std::span<member::FoundRow* const> rows) override {
    if (auto waited = thread_.wait_for(client_, {&member, 1}); !waited) return waited;
    return inner_->find_rows(member, rows);
  }

  void encode(const member::LedgerEntry& entry, std::string& out) override {
    inner_->encode(entry, out);
  }
  Result<void> decode(std::string_view encoded, member::LedgerEntry& entry) override {
    return inner_->decode(encoded, entry);
  }
  void encode(const member::RowChange& change, const member::Effects& effects,
              std::string& out) override {
    inner_->encode(change, effects, out);
  }
  void encode(const member::RowKey& key, std::string& out) override { inner_->encode(key, out); }
  Result<void> decode(std::string_view value, member::FoundRow& row) override {
    return inner_->decode(value, row);
  }
  void encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
              ports::SavedBatch& batch) override {
    inner_->encode(items, as_of, batch);
  }
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override {
    inner_->encode(checkpoint, batch);
  }
  void to_changelog(const ports::SavedBatch& batch, ports::Stream stream, std::uint32_t partition,
                    ports::OutputBuffer& out) override {
    inner_->to_changelog(batch, stream, partition, out);
  }

  Result<void> restore(std::string_view key, std::string_view value,
                       std::uint64_t position) override {
    if (auto waited = thread_.wait_for(client_); !waited) return waited;
    return inner_->restore(key, value, position);
  }
  Result<void> restored(std::uint64_t position) override {
    if (auto waited = thread_.wait_for(client_); !waited) return waited;
    return inner_->restored(position);
  }
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override {
    if (auto waited = thread_.wait_for(client_); !waited) return waited.error();
    return inner_->due(after, until, limit, out);
  }
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) override {
    if (auto waited = thread_.wait_for(client_); !waited) return waited;
    return inner_->scan(visit);
  }
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override {
    if (auto waited = thread_.wait_for(client_); !waited) return waited;
    return inner_->page(after, limit, out);
  }
  Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                       const std::function<void(const member::LedgerEntry&)>& visit) override {
    if (auto waited = thread_.wait_for(client_, {&member, 1}); !waited) return waited;
    return inner_->history(member, from_seq, limit, visit);
  }
  // An error is told by the next call that can.
  bool empty() override { return thread_.wait_for(client_).has_value() && inner_->empty(); }

 private:
  std::unique_ptr<ports::MemberStore> inner_;
  SaveThread& thread_;
  SaveThread::Client client_;
  const std::function<void()> left_;
};

}  // namespace

AsyncStores::AsyncStores(std::unique_ptr<ports::MemberStores> inner, std::size_t commits_max,
                         std::chrono::milliseconds settle_after)
    : inner_{std::move(inner)} {
  check(inner_ != nullptr, "stores to save to");
  thread_ = std::make_unique<SaveThread>(*inner_, commits_max, settle_after);
}

AsyncStores::~AsyncStores() = default;

Result<std::unique_ptr<ports::MemberStore>> AsyncStores::open(std::uint32_t partition) {
  open_.enter(partition);
  return opened(partition, [this, partition] { open_.leave(partition); });
}

Result<std::unique_ptr<ports::MemberStore>> AsyncStores::open_standby(std::uint32_t partition) {
  if (!open_.try_follow(partition)) return std::unique_ptr<ports::MemberStore>{};
  return opened(partition, [this, partition] { open_.unfollow(partition); });
}

Result<std::unique_ptr<ports::MemberStore>> AsyncStores::opened(std::uint32_t partition,
                                                                std::function<void()> left) {
  auto store = inner_->open(partition);
  if (!store) {
    left();
    return store.error();
  }
  return std::unique_ptr<ports::MemberStore>{
      std::make_unique<AsyncStore>(std::move(*store), *thread_, std::move(left))};
}

Result<void> AsyncStores::save(std::span<const Save> saves) {
  std::vector<SaveThread::Part> parts;
  parts.reserve(saves.size());
  for (const Save& save : saves) {
    parts.push_back({&static_cast<const AsyncStore&>(*save.store).client(), save.batch});
  }
  return thread_->save(parts);
}

}  // namespace fealty::state

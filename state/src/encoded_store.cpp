#include "fealty/state/encoded_store.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/format_error.hpp"
#include "src/keys.hpp"
#include "src/restoring.hpp"
#include "src/sorted_writes.hpp"

namespace fealty::state {
namespace {

/// Every key begins with the letter of its table.
constexpr std::string_view keys_begin{"\0", 1}, keys_end = "\xff";

// What most items take at most, keys and the encoder's own bounds included.
constexpr std::size_t member_bytes_about = 2048, checkpoint_bytes_about = 512;

std::string timer_start(Day day) {
  std::string key;
  keys::append_timer(day, {}, key);
  return key;
}

/// The end of the range of all keys that begin with `prefix`, whose last byte is not 0xff.
std::string end_of(std::string prefix) {
  check(!prefix.empty() && prefix.back() != '\xff', "a prefix that has a successor");
  ++prefix.back();
  return prefix;
}

}  // namespace

EncodedStore::EncodedStore(std::unique_ptr<KeyValue> map, std::shared_ptr<RestoreMemory> memory)
    : map_{std::move(map)},
      memory_{memory ? std::move(memory) : std::make_shared<RestoreMemory>()} {}

EncodedStore::~EncodedStore() = default;

Result<std::optional<ports::Checkpoint>> EncodedStore::checkpoint() {
  auto bytes = map_->get(std::string_view{&keys::checkpoint_table, 1});
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return std::optional<ports::Checkpoint>{};
  auto checkpoint = decode_checkpoint(**bytes);
  if (!checkpoint) return checkpoint.error();
  auto position = map_->get(std::string_view{&keys::position_table, 1});
  if (!position) return position.error();
  if (position->has_value()) {
    if ((*position)->size() != 8) return Error{Errc::store_corrupt, "changelog position"};
    checkpoint->changelog_position = keys::read_big_endian(**position);
  }
  return std::optional{std::move(*checkpoint)};
}

Result<void> EncodedStore::load(std::span<const std::string_view> members,
                                std::span<member::Record* const> out) {
  check(members.size() == out.size(), "a record for each member");
  order_.resize(members.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::sort(order_.begin(), order_.end(),
            [&](std::size_t a, std::size_t b) { return members[a] < members[b]; });
  std::size_t bytes = members.size();
  for (const auto id : members) bytes += id.size();
  key_bytes_.clear();
  key_bytes_.reserve(bytes);  // The keys point into it.
  keys_.clear();
  for (const std::size_t i : order_) {
    const std::size_t at = key_bytes_.size();
    keys::append_member(members[i], key_bytes_);
    keys_.push_back(std::string_view{key_bytes_}.substr(at));
    // From our own copy: members[i] may be the id of *out[i] itself.
    *out[i] = member::Record{};
    out[i]->id.assign(keys_.back().substr(1));
  }
  return map_->get_many(keys_, [&](std::size_t k, std::string_view value) -> Result<void> {
    const std::size_t i = order_[k];
    const std::string_view id = keys_[k].substr(1);
    if (auto read = decode_record(id, value, *out[i]); !read) return of_member(read.error(), id);
    return {};
  });
}

void EncodedStore::encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
                          ports::SavedBatch& batch) {
  batch.as_of = std::max(batch.as_of, as_of);
  for (const auto& save : items) {
    check(save.record != nullptr && !save.record->id.empty(), "a saved member has an id");
    std::string& bytes = batch.begin_item(member_bytes_about);
    keys::append_member(save.record->id, bytes);
    batch.key_done();
    encode_record(*save.record, as_of, bytes);
    ports::SavedBatch::Item& item = batch.item_done();
    item.due = save.record->due();
    item.stored_due = save.stored_due;
    encode_ledger(save, batch);
    encode_rows(save, batch);
  }
}

void EncodedStore::encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) {
  std::string& bytes = batch.begin_item(checkpoint_bytes_about);
  bytes.push_back(keys::checkpoint_table);
  batch.key_done();
  encode_checkpoint(checkpoint, bytes);
  batch.item_done();
}

Result<void> EncodedStore::save(const ports::SavedBatch& batch) {
  SortedWrites sorted;
  return map_->write(sorted.of(batch));
}

Result<bool> EncodedStore::due(const ports::DuePlace& after, Day until, std::size_t limit,
                               std::vector<ports::DuePlace>& out) {
  if (after.day > until) return false;
  std::string first;
  keys::append_timer(after.day, after.member, first);
  if (!after.member.empty()) first.push_back('\0');  // The key next to it.
  const std::string end = until == no_day ? end_of({keys::timer_table}) : timer_start(until + 1);
  bool more = false;
  auto visit = [&](std::string_view key, std::string_view) -> Result<bool> {
    if (key.size() <= keys::timer_head) return Error{Errc::store_corrupt, "timer"};
    more = limit == 0;
    if (more) return false;
    out.push_back({keys::timer_day(key), std::string{key.substr(keys::timer_head)}});
    --limit;
    return true;
  };
  if (auto scanned = map_->scan(first, end, visit); !scanned) return scanned.error();
  return more;
}

Result<void> EncodedStore::scan(const std::function<Result<void>(const member::Record&)>& visit) {
  member::Record record;
  return map_->scan({&keys::member_table, 1}, end_of({keys::member_table}),
                    [&](std::string_view key, std::string_view value) -> Result<bool> {
                      const std::string_view id = key.substr(1);
                      if (auto read = decode_record(id, value, record); !read) {
                        return of_member(read.error(), id);
                      }
                      if (auto visited = visit(record); !visited) return visited.error();
                      return true;
                    });
}

Result<void> EncodedStore::page(std::string_view after, std::size_t limit,
                                std::vector<member::Record>& out) {
  std::string first{&keys::member_table, 1};
  first.append(after);
  if (!after.empty()) first.push_back('\0');  // The smallest key above `after`.
  std::size_t count = 0;
  auto scanned = map_->scan(first, end_of({keys::member_table}),
                            [&](std::string_view key, std::string_view value) -> Result<bool> {
                              if (count == out.size()) out.emplace_back();
                              const std::string_view id = key.substr(1);
                              if (auto read = decode_record(id, value, out[count]); !read) {
                                return of_member(read.error(), id);
                              }
                              return ++count < limit;
                            });
  out.resize(count);
  return scanned;
}

bool EncodedStore::empty() {
  bool found = false;
  const auto scanned =
      map_->scan(keys_begin, keys_end, [&](std::string_view, std::string_view) -> Result<bool> {
        found = true;
        return false;
      });
  return scanned.has_value() && !found;
}

}  // namespace fealty::state

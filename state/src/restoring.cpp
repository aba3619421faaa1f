#include "src/restoring.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "src/format_error.hpp"
#include "src/keys.hpp"
#include "src/sorted_writes.hpp"

namespace fealty::state {
namespace {

/// Sorted and made into table files beside each other.
constexpr std::size_t written_together = 2;
/// Of the memory for all stores: so one may begin while another still writes.
constexpr std::size_t portions_of_all = 6;

constexpr std::string_view filling_key{&keys::filling_table, 1};
constexpr std::string_view member_begin{&keys::member_table, 1}, member_end = "n";
static_assert(keys::member_table + 1 == 'n');

Result<void> after(const std::shared_future<Result<void>>& before) {
  return before.valid() ? before.get() : Result<void>{};
}

/// Of a record as the changelog has it.
Result<Day> due_of(std::string_view member, std::string_view value) {
  if (value.empty()) return no_day;  // A deletion leaves no timer.
  member::Record record;
  if (auto read = decode_record(member, value, record); !read) {
    return of_changelog(read.error(), member);
  }
  return record.due();
}

}  // namespace

Restoring::Restoring(KeyValue& map, std::shared_ptr<RestoreMemory> memory)
    : map_{map}, memory_{std::move(memory)} {}

Restoring::~Restoring() {
  for (const Writing& one : writing_) one.outcome.wait();  // What they tell, the next pass finds.
  clear(*gathered_);
  if (much_) map_.end_filling();
}

Result<void> Restoring::begin() {
  const auto filling = map_.get(filling_key);
  if (!filling) return filling.error();
  const auto position = map_.get(std::string_view{&keys::position_table, 1});
  if (!position) return position.error();
  cut_short_ = filling->has_value();
  fills_ = cut_short_ || !position->has_value();
  return {};
}

/// Of what a portion holds, the memory is told in steps: it is shared by threads.
void Restoring::account(Portion& portion) {
  memory_->take(portion.bytes - portion.accounted);
  portion.accounted = portion.bytes;
}

void Restoring::clear(Portion& portion) {
  memory_->give_back(portion.accounted);
  portion = Portion{};
}

void Restoring::put(std::string_view key, std::string_view value) {
  Portion& portion = *gathered_;
  portion.writes.push_back(
      {.key = portion.arena.copy(key), .value = portion.arena.copy(value), .erase = value.empty()});
  portion.bytes += key.size() + value.size() + sizeof(Write);
}

Result<void> Restoring::passed(std::uint64_t position) {
  constexpr std::size_t account_every = std::size_t{16} << 10U;
  if (gathered_->bytes - gathered_->accounted < account_every) return {};
  account(*gathered_);
  while (!writing_.empty() &&
         writing_.front().outcome.wait_for(std::chrono::seconds{0}) == std::future_status::ready) {
    if (auto done = wait(writing_.size() - 1); !done) return done;
  }
  return gathered_->bytes < portion_bytes() ? Result<void>{} : start_writing(position);
}

/// One is gathered while others are written.
std::size_t Restoring::portion_bytes() const {
  const std::size_t room = memory_->room(gathered_->bytes + in_writing_);
  return std::min(room / (written_together + 1), memory_->room_alone() / portions_of_all);
}

Result<void> Restoring::start_writing(std::uint64_t position) {
  if (auto done = wait(written_together - 1); !done) return done;
  if (fills_ && !std::exchange(much_, true)) map_.begin_filling();
  in_writing_ += gathered_->bytes;
  const auto before = writing_.empty() ? Outcome{} : writing_.back().outcome;
  auto portion = std::exchange(gathered_, std::make_shared<Portion>());
  Writing& writing = writing_.emplace_back();
  writing.bytes = portion->bytes;
  writing.outcome =
      std::async(std::launch::async | std::launch::deferred, [this, portion, position, before] {
        auto written = write(*portion, position, [&] { return after(before); });
        clear(*portion);
        return written;
      }).share();
  return {};
}

Result<void> Restoring::wait(std::size_t left) {
  for (; writing_.size() > left; writing_.pop_front()) {
    if (auto written = writing_.front().outcome.get(); !written) return written;
    in_writing_ -= writing_.front().bytes;
  }
  return {};
}

Result<void> Restoring::finish(std::uint64_t position) {
  const auto before = writing_.empty() ? Outcome{} : writing_.back().outcome;
  auto written = write(*gathered_, position, [&] { return after(before); });
  if (!written) return written;
  if (auto done = wait(0); !done) return done;
  clear(*gathered_);
  return fills_ ? make_timers(position) : Result<void>{};
}

Result<void> Restoring::write(Portion& portion, std::uint64_t position,
                              const KeyValue::Turn& turn) {
  SortedWrites sorted;
  if (fills_) {
    portion.writes.push_back({.key = filling_key, .value = "1", .erase = false});
    return map_.write_in_turn(sorted.of(std::move(portion.writes), position), turn);
  }
  if (auto come = turn(); !come) return come;  // What it adds goes by those before it.
  if (auto added = add_timers(portion); !added) return added;
  return map_.write(sorted.of(std::move(portion.writes), position));
}

/// Moves the timers of the portion's members, by what the store holds of each.
Result<void> Restoring::add_timers(Portion& portion) {
  std::vector<Write> members;
  for (const Write& one : portion.writes) {
    if (one.key.front() == keys::member_table) members.push_back(one);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const Write& a, const Write& b) { return a.key < b.key; });
  std::vector<std::string_view> ids;  // with the table's letter
  std::vector<Day> after;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Write& one = members[i];
    if (i + 1 < members.size() && members[i + 1].key == one.key) continue;  // The last counts.
    const auto due = due_of(one.key.substr(1), one.value);
    if (!due) return due.error();
    ids.push_back(one.key);
    after.push_back(*due);
  }
  std::vector<Day> before(ids.size(), no_day);
  auto read = map_.get_many(ids, [&](std::size_t k, std::string_view value) -> Result<void> {
    const auto due = due_of(ids[k].substr(1), value);
    if (!due) return due.error();
    before[k] = *due;
    return {};
  });
  if (!read) return read;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (before[i] == after[i]) continue;
    const std::string_view id = ids[i].substr(1);
    if (before[i] != no_day) put_timer(portion, before[i], id, true);
    if (after[i] != no_day) put_timer(portion, after[i], id, false);
  }
  return {};
}

void Restoring::put_timer(Portion& portion, Day day, std::string_view member, bool erase) {
  std::string key;
  keys::append_timer(day, member, key);
  portion.writes.push_back({.key = portion.arena.copy(key), .value = {}, .erase = erase});
  portion.bytes += key.size() + sizeof(Write);
}

/// Of all members, some at a time; with the last the mark goes.
Result<void> Restoring::make_timers(std::uint64_t position) {
  const std::size_t portion_bytes_max = memory_->room(0) / 2;
  std::string from{member_begin};
  for (bool more = true; more;) {
    Portion portion;
    more = false;
    auto scanned = map_.scan(from, member_end,
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                               if (portion.bytes >= portion_bytes_max) {
                                 from = key;
                                 more = true;
                                 return false;
                               }
                               const auto due = due_of(key.substr(1), value);
                               if (!due) return due.error();
                               if (*due != no_day) put_timer(portion, *due, key.substr(1), false);
                               return true;
                             });
    if (!scanned) return scanned;
    if (!more) portion.writes.push_back({.key = filling_key, .value = {}, .erase = true});
    SortedWrites sorted;
    if (auto put = map_.write(sorted.of(std::move(portion.writes), position)); !put) return put;
  }
  return {};
}

}  // namespace fealty::state

// MemberPartition: what it knows of a member, for a reader.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fealty/base/murmur2.hpp"
#include "fealty/runtime/member_partition.hpp"

namespace fealty::runtime {
namespace {

/// Appends entries of a ledger to an answer, up to a limit.
class Page {
 public:
  Page(const MemberOutputs& outputs, const ports::ReadRequest& request, ports::ReadAnswer& out)
      : outputs_{outputs},
        member_{request.member},
        limit_{std::min(request.limit, ports::read_entries_max)},
        out_{out} {}

  /// Up to the one behind the last: that there is one is to be known.
  [[nodiscard]] std::size_t wanted() const { return limit_ + 1 - out_.entries.size(); }
  [[nodiscard]] bool full() const { return out_.next_seq != 0; }
  void add(const member::LedgerEntry& entry) {
    if (full()) return;
    if (out_.entries.size() == limit_) {
      out_.next_seq = entry.seq;
      return;
    }
    outputs_.ledger.encode(entry, member_, out_.entries.emplace_back());
  }

 private:
  const MemberOutputs& outputs_;
  const std::string& member_;
  const std::size_t limit_;
  ports::ReadAnswer& out_;
};

}  // namespace

Result<bool> MemberPartition::read(const ports::ReadRequest& request, ports::ReadAnswer& out) {
  const MemberOutputs& outputs = context_.topology.outputs;
  const Slot slot = request.stale
                        ? no_slot
                        : context_.cache.find(MemberCache::key_of(request.member, number_), number_,
                                              request.member);
  member::Record stored;
  if (slot == no_slot && (request.stale || store_has_more())) {
    const std::string_view id = request.member;
    member::Record* const target = &stored;
    if (auto loaded = store_->load({&id, 1}, {&target, 1}); !loaded) return loaded.error();
  }
  const member::Record& record =
      slot == no_slot ? stored : std::as_const(context_.cache).member(slot).record;
  out.as_of = {number_, request.stale ? record.as_of : timeline_.next()};
  if (record.last_day < 0) return false;  // Not there, or only refused events named it.
  out.clock = std::max(timeline_.now(), record.last_time);
  if (request.what == ports::ReadRequest::What::member) {
    outputs.members.encode(record, out.clock, out.member);
    return true;
  }
  // What is not saved follows what is.
  std::vector<std::string_view> unsaved;
  if (slot != no_slot) {
    const CachedMember& member = context_.cache.member(slot);
    for (const auto newest : {member.unsaved_entries, saves_.entries_in_flight(member)}) {
      unsaved_.visit_entries(newest, [&](std::string_view entry) {
        unsaved.push_back(entry);
        return true;
      });
    }
  }
  Page page{outputs, request, out};
  if (record.as_of != 0) {
    const auto read = store_->history(request.member, request.from_seq, page.wanted(),
                                      [&](const member::LedgerEntry& entry) { page.add(entry); });
    if (!read) return read.error();
  }
  for (auto at = unsaved.rbegin(); at != unsaved.rend() && !page.full(); ++at) {
    member::LedgerEntry entry;
    if (auto read = store_->decode(*at, entry); !read) return read.error();
    if (entry.seq >= request.from_seq) page.add(entry);
  }
  return true;
}

Result<bool> MemberPartition::by_other_partitioner(std::uint32_t partitions) {
  constexpr std::size_t looked_at = 16;
  std::vector<member::Record> first;
  if (auto read = store_->page({}, looked_at, first); !read) return read.error();
  return std::any_of(first.begin(), first.end(), [&](const member::Record& record) {
    return kafka_partition_of(record.id, partitions) != number_;
  });
}

}  // namespace fealty::runtime

#include "members_file.hpp"

#include <algorithm>
#include <queue>
#include <utility>
#include <vector>

#include "fealty/files/atomic_file.hpp"
#include "fealty/files/sha256.hpp"

namespace fealty::cli {
namespace {

/// Read ahead of all stores together, and of each of them.
constexpr std::size_t records_ahead = 8192, page_records_min = 16, page_records_max = 1024;
constexpr std::size_t write_bytes = 64 * 1024;  // hashed while they are near

/// Reads one store page by page.
struct Reader {
  ports::MemberStore* store = nullptr;
  std::size_t page_records = 0;
  std::vector<member::Record> page;
  std::size_t at = 0;

  [[nodiscard]] const member::Record& record() const { return page[at]; }
  /// True where there is a record to look at.
  Result<bool> begin() { return read({}); }
  Result<bool> next() {
    if (++at < page.size()) return true;
    const std::string last = page.back().id;
    return read(last);
  }
  Result<bool> read(std::string_view after) {
    at = 0;
    if (auto got = store->page(after, page_records, page); !got) return got.error();
    return !page.empty();
  }
};

}  // namespace

Result<void> visit_members(std::span<ports::MemberStore* const> stores,
                           const std::function<Result<void>(const member::Record&)>& visit) {
  std::vector<Reader> readers;
  readers.reserve(stores.size());
  const std::size_t page_records = std::clamp(
      records_ahead / std::max<std::size_t>(stores.size(), 1), page_records_min, page_records_max);
  for (ports::MemberStore* store : stores) readers.push_back({store, page_records, {}, 0});
  const auto later = [](const Reader* a, const Reader* b) {
    return a->record().id > b->record().id;
  };
  std::priority_queue<Reader*, std::vector<Reader*>, decltype(later)> merge{later};
  for (Reader& reader : readers) {
    const auto some = reader.begin();
    if (!some) return some.error();
    if (*some) merge.push(&reader);
  }
  while (!merge.empty()) {
    Reader* const first = merge.top();
    merge.pop();
    if (auto visited = visit(first->record()); !visited) return visited.error();
    const auto some = first->next();
    if (!some) return some.error();
    if (*some) merge.push(first);
  }
  return {};
}

Result<std::string> write_members_file(const std::string& path, const VisitMembers& members,
                                       const runtime::Topology& topology, EventTime clock) {
  auto file = files::AtomicFile::create(path, true);
  if (!file) return file.error();
  files::Sha256 sum;
  std::string lines;
  const auto write_out = [&]() -> Result<void> {
    sum.update(lines);
    auto written = file->append(lines);
    lines.clear();
    return written;
  };
  auto visited = members([&](const member::Record& record) -> Result<void> {
    topology.outputs.members.encode(record, clock, lines);
    lines += '\n';
    return lines.size() < write_bytes ? Result<void>{} : write_out();
  });
  if (!visited) return visited.error();
  if (auto written = write_out(); !written) return written.error();
  if (auto committed = file->commit(false); !committed) return committed.error();
  return sum.hex();
}

}  // namespace fealty::cli

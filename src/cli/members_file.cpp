#include "members_file.hpp"

#include <queue>
#include <utility>
#include <vector>

#include "fealty/files/atomic_file.hpp"

namespace fealty::cli {
namespace {

constexpr std::size_t page_records = 1024;
constexpr std::size_t write_bytes = 1 << 20;

/// Reads one store page by page.
struct Reader {
  ports::MemberStore* store = nullptr;
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
  for (ports::MemberStore* store : stores) readers.push_back({store, {}, 0});
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

Result<void> write_members_file(const std::string& path,
                                std::span<ports::MemberStore* const> stores,
                                const runtime::Topology& topology, EventTime clock) {
  auto file = files::AtomicFile::create(path);
  if (!file) return file.error();
  std::string lines;
  auto visited = visit_members(stores, [&](const member::Record& record) -> Result<void> {
    topology.encode_member(record, clock, lines);
    lines += '\n';
    if (lines.size() < write_bytes) return {};
    auto written = file->append(lines);
    lines.clear();
    return written;
  });
  if (!visited) return visited.error();
  if (auto written = file->append(lines); !written) return written.error();
  return file->commit(false);
}

}  // namespace fealty::cli

#include "log_header.hpp"

#include <utility>

#include "fealty/files/file_source.hpp"

namespace fealty::cli {
namespace {

/// Begins every partition where it is told to.
class FromTheStart final : public ports::AssignmentListener {
 public:
  explicit FromTheStart(ports::Source& source) : source_{source} {}
  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override {
    for (const auto& assignment : partitions) {
      if (auto started = source_.start_at(assignment.partition, 0); !started) return started;
    }
    return {};
  }
  Result<void> on_revoked(std::span<const std::uint32_t>, bool) override { return {}; }

 private:
  ports::Source& source_;
};

/// The first line of the first log; empty where there is none.
Result<std::string> first_line(const std::string& log) {
  files::InputIndex index;
  files::FileSource source{{.logs = {log}, .prefetch = false}, files::Manifest{}, index};
  FromTheStart listener{source};
  if (auto opened = source.open(listener); !opened) return opened.error();
  ports::InputBatch batch;
  const auto polled = source.poll(batch, 1, std::chrono::milliseconds{0});
  if (!polled) return polled.error();
  return batch.records.empty() ? std::string{} : std::string{batch.records.front().value};
}

}  // namespace

Result<codec::Mapping> fit_mapping(codec::Mapping mapping, const std::vector<std::string>& logs,
                                   Currency currency) {
  if (!mapping.default_currency.stated()) mapping.default_currency = currency;
  const bool has_header = mapping.format == codec::Format::delimited && mapping.header_lines() == 1;
  if (!has_header || logs.empty() || logs.front() == "-") return mapping;
  auto line = first_line(logs.front());
  if (!line) return line.error();
  if (!line->empty() && line->back() == '\r') line->pop_back();
  if (line->empty()) return mapping;
  return codec::bind_header(std::move(mapping), *line);
}

}  // namespace fealty::cli

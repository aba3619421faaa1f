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

/// The first record of the first log; empty where there is none.
Result<std::string> first_record(const std::string& log, const files::Framing& framing) {
  files::InputIndex index;
  files::FileSource source{
      {.logs = {log}, .framing = framing, .prefetch = false}, files::Manifest{}, index};
  FromTheStart listener{source};
  if (auto opened = source.open(listener); !opened) return opened.error();
  ports::InputBatch batch;
  const auto polled = source.poll(batch, 1, std::chrono::milliseconds{0});
  if (!polled) return polled.error();
  return batch.records.empty() ? std::string{} : std::string{batch.records.front().value};
}

/// What a first line "sep=;" names, a spreadsheet's own way to say it.
Result<void> take_separator(const std::string& log, codec::Mapping& mapping) {
  constexpr std::string_view says = "sep=";
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  const auto first = first_record(log, {.lone_cr = true});
  if (!first) return first.error();
  std::string_view line = *first;
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with(says)) return {};
  line.remove_prefix(says.size());
  const auto separator = line.size() == 1 ? codec::separator_of(line.front()) : std::nullopt;
  if (!separator) {
    return Error{Errc::malformed_delimited, "header",
                 "'" + *first + "' names no separator that can be read: a comma, a semicolon, a tab "
                 "or a vertical bar"};
  }
  mapping.separator = *separator;
  return {};
}

}  // namespace

files::Framing framing_of(const codec::Mapping& mapping) {
  const bool delimited = mapping.format == codec::Format::delimited;
  return {.quotes = mapping.breaks_within_quotes(),
          .separator = codec::character(mapping.separator),
          .lone_cr = delimited,
          .sep_line = delimited};
}

Result<codec::Mapping> fit_mapping(codec::Mapping mapping, const std::vector<std::string>& logs,
                                   Currency currency) {
  if (!mapping.default_currency.stated()) mapping.default_currency = currency;
  const bool delimited = mapping.format == codec::Format::delimited;
  if (!delimited || logs.empty() || logs.front() == "-") return mapping;
  if (auto taken = take_separator(logs.front(), mapping); !taken) return taken.error();
  if (mapping.header_lines() != 1) return mapping;
  auto line = first_record(logs.front(), framing_of(mapping));
  if (!line) return line.error();
  if (!line->empty() && line->back() == '\r') line->pop_back();
  if (line->empty()) return mapping;
  return codec::bind_header(std::move(mapping), *line);
}

}  // namespace fealty::cli

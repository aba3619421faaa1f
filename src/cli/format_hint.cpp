#include "format_hint.hpp"

#include <algorithm>
#include <utility>

#include "fealty/codec/decoder.hpp"
#include "fealty/config/mapping_loader.hpp"
#include "fealty/files/record_log.hpp"

namespace fealty::cli {
namespace {

constexpr std::size_t records_max_kept = 32;
constexpr std::size_t record_bytes_max_kept = std::size_t{64} << 10U;

/// How many of the records the mapping makes events of.
std::size_t count_read(const std::vector<std::string>& records, const codec::Mapping& mapping,
                       std::size_t from) {
  codec::Decoder decoder{mapping};
  std::size_t read = 0;
  for (std::size_t i = from; i < records.size(); ++i) {
    const std::string padded = records[i] + std::string(codec::padding_bytes, '\0');
    Arena arena;
    event::Event event;
    if (decoder.decode(std::string_view{padded}.substr(0, records[i].size()), {}, i, arena,
                       event)) {
      ++read;
    }
  }
  return read;
}

/// Likewise of a preset; where its logs have a header line, that must fit.
std::size_t count_read_by_preset(const std::vector<std::string>& records, std::string_view preset,
                                 Currency currency) {
  auto mapping = config::builtin_mapping(preset);
  if (!mapping) return 0;
  if (!mapping->default_currency.stated()) mapping->default_currency = currency;
  if (mapping->format != codec::Format::delimited || mapping->header_lines() == 0) {
    return count_read(records, *mapping, 0);
  }
  std::string header = records.front();
  if (header.ends_with('\r')) header.pop_back();
  const auto bound = codec::bind_header(std::move(*mapping), header);
  return bound ? count_read(records, *bound, 1) + 1 : 0;
}

}  // namespace

Result<ports::Polled> SampledSource::poll(ports::InputBatch& batch, std::size_t records_max,
                                          std::chrono::milliseconds timeout) {
  auto polled = source_.poll(batch, records_max, timeout);
  if (!polled) return polled;
  if (!batch.records.empty() && batch.records.front().offset == 0) {
    const auto header = files::read_record_header(batch.records.front().value);
    if (!header || *header) {
      return Error{Errc::usage, "LOG", "a record log cannot be read through a pipe: name its file"};
    }
  }
  for (std::size_t i = 0; i < batch.records.size() && records_.size() < records_max_kept; ++i) {
    const std::string_view value = batch.records[i].value;
    if (value.size() <= record_bytes_max_kept) records_.emplace_back(value);
  }
  return polled;
}

std::vector<std::string> presets_that_read(const std::vector<std::string>& records,
                                           std::string_view given, Currency currency) {
  std::vector<std::pair<std::size_t, std::string>> found;
  if (records.empty()) return {};
  for (const std::string_view preset : config::preset_names()) {
    if (preset == given) continue;
    const std::size_t read = count_read_by_preset(records, preset, currency);
    if (read > records.size() / 2) found.emplace_back(read, preset);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [_, name] : found) names.push_back(std::move(name));
  return names;
}

}  // namespace fealty::cli

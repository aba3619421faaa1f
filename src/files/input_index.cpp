#include "fealty/files/input_index.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::files {

void InputIndex::reset(const Manifest& manifest) {
  const std::lock_guard lock{mutex_};
  inputs_ = manifest.inputs;
  marks_.clear();
  breaks_.clear();
  if (inputs_.empty() || inputs_.back().ended) return;
  const InputFile& last = inputs_.back();
  marks_.push_back({static_cast<std::uint32_t>(inputs_.size() - 1),
                    last.first_record + last.records, last.records, last.read_bytes,
                    last.read_hash});
}

void InputIndex::opened(std::uint32_t number, const InputFile& file) {
  const std::lock_guard lock{mutex_};
  check(number <= inputs_.size(), "logs are opened in order");
  if (number == inputs_.size()) {
    inputs_.push_back(file);
    return;
  }
  inputs_[number].path = file.path;
  inputs_[number].stamp = file.stamp;
}

void InputIndex::reached(const Mark& mark) {
  const std::lock_guard lock{mutex_};
  check(mark.file < inputs_.size(), "only an opened log is read");
  // Read again after an abort: what is known further on stays.
  if (marks_.empty() || mark.record > marks_.back().record) marks_.push_back(mark);
}

void InputIndex::broke(std::uint32_t number, Offset record, std::uint64_t breaks) {
  const std::lock_guard lock{mutex_};
  if (!breaks_.empty() && record <= breaks_.back().record) return;  // Read again.
  const bool first = breaks_.empty() || breaks_.back().file != number;
  breaks_.push_back({number, record, breaks + (first ? 0 : breaks_.back().before)});
}

void InputIndex::ended(const Mark& mark, bool unterminated) {
  reached(mark);
  const std::lock_guard lock{mutex_};
  InputFile& file = inputs_[mark.file];
  file.records = mark.records;
  file.read_bytes = mark.bytes;
  file.read_hash = mark.hash;
  file.ended = true;
  file.unterminated = unterminated;
}

std::uint32_t InputIndex::log_of(Offset record) const {
  const std::lock_guard lock{mutex_};
  const auto after =
      std::upper_bound(inputs_.begin(), inputs_.end(), record,
                       [](Offset r, const InputFile& f) { return r < f.first_record; });
  return after == inputs_.begin() ? 0 : static_cast<std::uint32_t>(after - inputs_.begin() - 1);
}

void InputIndex::forget_before(Offset committed) {
  const std::lock_guard lock{mutex_};
  while (marks_.size() > 1 && marks_[1].record <= committed) marks_.pop_front();
  while (breaks_.size() > 1 && breaks_[1].record <= committed) breaks_.pop_front();
}

std::vector<InputFile> InputIndex::inputs() const {
  const std::lock_guard lock{mutex_};
  return inputs_;
}

std::vector<InputFile> InputIndex::inputs_before(Offset committed) const {
  const std::lock_guard lock{mutex_};
  std::vector<InputFile> known = inputs_;
  std::erase_if(known, [&](const InputFile& file) { return file.first_record > committed; });
  for (std::size_t i = 0; i < known.size(); ++i) {
    InputFile& file = known[i];
    if (file.ended && file.first_record + file.records <= committed) continue;
    file.ended = file.unterminated = false;
    file.records = file.read_bytes = file.read_hash = 0;
    for (const Mark& mark : marks_) {
      if (mark.record > committed) break;
      if (mark.file != i) continue;
      file.records = mark.records;
      file.read_bytes = mark.bytes;
      file.read_hash = mark.hash;
    }
  }
  return known;
}

std::string InputIndex::describe(Offset record, std::uint32_t skip_lines) const {
  const std::lock_guard lock{mutex_};
  const auto after =
      std::upper_bound(inputs_.begin(), inputs_.end(), record,
                       [](Offset r, const InputFile& f) { return r < f.first_record; });
  if (after == inputs_.begin()) return "record " + std::to_string(record);
  const InputFile& file = *std::prev(after);
  const auto behind =
      std::upper_bound(breaks_.begin(), breaks_.end(), record,
                       [](Offset r, const Breaks& breaks) { return r < breaks.record; });
  const auto number = static_cast<std::uint32_t>(std::prev(after) - inputs_.begin());
  const bool broken = behind != breaks_.begin() && std::prev(behind)->file == number;
  return (file.path == "-" ? "stdin" : file.path) + ":" +
         std::to_string(record - file.first_record + 1 + skip_lines +
                        (broken ? std::prev(behind)->before : 0));
}

}  // namespace fealty::files

#include "fealty/files/input_index.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::files {
namespace {

constexpr Offset place_every_records = 1000;

}  // namespace

void InputIndex::reset(const Manifest& manifest) {
  const std::lock_guard lock{mutex_};
  inputs_ = manifest.inputs;
  places_.assign(1, manifest.cursor);
}

void InputIndex::opened(std::uint32_t number, const InputFile& file) {
  const std::lock_guard lock{mutex_};
  check(number <= inputs_.size(), "logs are opened in order");
  if (number == inputs_.size()) {
    inputs_.push_back(file);
  } else {
    inputs_[number] = file;
  }
}

void InputIndex::ended(std::uint32_t number, std::uint64_t bytes, Offset end_record,
                       bool unterminated) {
  const std::lock_guard lock{mutex_};
  check(number < inputs_.size(), "only an opened log can end");
  InputFile& file = inputs_[number];
  check(end_record >= file.first_record, "a log ends behind its begin");
  file.ended = true;
  file.bytes = bytes;
  file.records = end_record - file.first_record;
  file.unterminated = unterminated;
}

void InputIndex::reached(const Cursor& cursor) {
  const std::lock_guard lock{mutex_};
  while (!places_.empty() && places_.back().record >= cursor.record) places_.pop_back();
  if (!places_.empty() && places_.back().file == cursor.file &&
      cursor.record - places_.back().record < place_every_records) {
    return;
  }
  places_.push_back(cursor);
}

Cursor InputIndex::at_or_before(Offset record) const {
  const std::lock_guard lock{mutex_};
  const auto after = std::upper_bound(places_.begin(), places_.end(), record,
                                      [](Offset r, const Cursor& c) { return r < c.record; });
  if (after != places_.begin()) return *std::prev(after);
  // Before all kept places: the begin of the file that holds it.
  Cursor begin;
  for (std::uint32_t i = 0; i < inputs_.size() && inputs_[i].first_record <= record; ++i) {
    begin = {.file = i, .byte = 0, .record = inputs_[i].first_record};
  }
  return begin;
}

void InputIndex::forget_before(Offset record) {
  const std::lock_guard lock{mutex_};
  while (places_.size() > 1 && places_[1].record <= record) places_.pop_front();
}

std::vector<InputFile> InputIndex::inputs() const {
  const std::lock_guard lock{mutex_};
  return inputs_;
}

std::vector<InputFile> InputIndex::inputs_before(Offset committed) const {
  std::vector<InputFile> known = inputs();
  std::erase_if(known, [&](const InputFile& file) { return file.first_record > committed; });
  for (InputFile& file : known) {
    if (!file.ended || file.first_record + file.records <= committed) continue;
    file.ended = file.unterminated = false;
    file.bytes = file.records = 0;
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
  return (file.path == "-" ? "stdin" : file.path) + ":" +
         std::to_string(record - file.first_record + 1 + skip_lines);
}

}  // namespace fealty::files

#include "fealty/codec/mapping.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "fealty/base/printable.hpp"

namespace fealty::codec {
namespace {

constexpr std::size_t slots_max = 255;

/// One step of a path: a key, and whether "[0]" follows it.
struct Step {
  std::string key;
  bool single = false;
};

std::optional<std::vector<Step>> steps_of(std::string_view path) {
  std::vector<Step> steps;
  while (true) {
    const std::size_t dot = path.find('.');
    std::string_view part = path.substr(0, dot);
    const bool single = part.ends_with("[0]");
    if (single) part.remove_suffix(3);
    if (part.empty() || part.find_first_of("[]\\\"") != std::string_view::npos) return std::nullopt;
    steps.push_back({std::string{part}, single});
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

/// The keys of one object while the trie grows.
struct Draft {
  std::vector<std::string> keys;
  std::vector<Entry> entries;
};

class Compiler {
 public:
  explicit Compiler(const MappingSpec& spec) : spec_{spec} { drafts_.emplace_back(); }

  Result<Mapping> run() {
    copy_settings();
    if (spec_.format == Format::delimited) columns();
    envelope();
    for (const TypeSpec& type : spec_.types) rule(type);
    if (spec_.types.empty()) fault("no event type is mapped");
    type_table();
    if (spec_.format == Format::cloudevents && !has_data()) {
      fault("a CloudEvents mapping reads fields below 'data'");
    }
    if (!faults_.empty()) return Error{Errc::invalid_config, "mapping", faults_};
    for (Rule& each : out_.rules) {
      // What may be a field itself, too: [total, total.amount].
      std::erase_if(each.holders,
                    [this](const Holder& holder) { return scalars_.contains(holder.slot); });
    }
    for (Draft& draft : drafts_) {
      out_.nodes.push_back({KeyTable{draft.keys}, std::move(draft.entries)});
    }
    out_.slot_count = slot_count_;
    return std::move(out_);
  }

 private:
  void fault(const std::string& problem) {
    if (!faults_.empty()) faults_ += '\n';
    faults_ += printable(problem);  // One line a fault, whatever the mapping is named after.
  }

  void copy_settings() {
    out_.name = spec_.name;
    out_.format = spec_.format;
    out_.times = spec_.times;
    out_.default_currency = spec_.default_currency;
    out_.strict = spec_.strict;
    out_.amounts = spec_.amounts;
    out_.header_line_count = spec_.header_lines;
    out_.separator = spec_.separator;
    out_.quoting = spec_.quoting;
    out_.columns = spec_.columns;
  }

  [[nodiscard]] bool has_data() const {
    const Draft& root = drafts_.front();
    const auto at = std::find(root.keys.begin(), root.keys.end(), "data");
    return at != root.keys.end() &&
           root.entries[static_cast<std::size_t>(at - root.keys.begin())].child >= 0;
  }

  void columns() {
    if (spec_.columns.empty()) fault("delimited text needs its columns");
    for (std::size_t i = 0; i < spec_.columns.size(); ++i) {
      const auto first = std::find(spec_.columns.begin(), spec_.columns.end(), spec_.columns[i]);
      if (first != spec_.columns.begin() + static_cast<std::ptrdiff_t>(i)) {
        fault("two columns are named '" + spec_.columns[i] + "'");
      }
    }
    out_.column_slots.assign(spec_.columns.size(), -1);
  }

  void envelope() {
    ways_.clear();
    for (const FieldSpec& field : spec_.envelope) {
      out_.envelope[index(field.field)] = origin(field, nullptr);
    }
    out_.envelope_ways = ways();
    for (const Field needed : {Field::id, Field::type, Field::member, Field::time}) {
      if (empty(out_.envelope[index(needed)])) {
        fault("nothing is mapped to '" + std::string{name(needed)} + "'");
      }
    }
  }

  void rule(const TypeSpec& type) {
    Rule rule;
    rule.type = type.type;
    rule.refund_lines = type.refund_lines;
    ways_.clear();
    holders_.clear();
    for (const FieldSpec& field : type.fields) {
      rule.fields[index(field.field)] = origin(field, nullptr);
    }
    if (!type.lines_path.empty()) lines(type, rule);
    rule.ways = ways();
    std::sort(holders_.begin(), holders_.end());
    holders_.erase(std::unique(holders_.begin(), holders_.end()), holders_.end());
    rule.holders = holders_;
    out_.rules.push_back(std::move(rule));
  }

  void lines(const TypeSpec& type, Rule& rule) {
    if (spec_.format == Format::delimited) return fault("delimited text has no lines");
    const auto steps = steps_of(type.lines_path);
    if (!steps || steps->back().single) return fault("'" + type.lines_path + "' is no path");
    Entry* entry = entry_at(*steps, nullptr, Field::lines);
    if (entry == nullptr) return;
    rule.lines_slot = entry->slot;
    if (entry->line_set < 0) {
      entry->line_set = static_cast<std::int16_t>(out_.line_sets.size());
      out_.line_sets.push_back(
          {static_cast<std::int16_t>(drafts_.size()), 0, type.lines_path, {}, {}});
      rule.line_set = entry->line_set;  // Before the drafts grow, which moves the entry.
      drafts_.emplace_back();
    } else {
      rule.line_set = entry->line_set;
    }
    LineSet& set = out_.line_sets[static_cast<std::size_t>(rule.line_set)];
    for (const FieldSpec& field : type.line_fields) {
      rule.line_fields[index(field.field)] = origin(field, &set);
    }
  }

  /// The origin of a field of the record, or of a line of `set`.
  Origin origin(const FieldSpec& field, LineSet* set) {
    Origin out;
    if (field.fallback) {
      out.has_fallback = true;
      out.fallback = *field.fallback;
    }
    for (const std::string& path : field.paths) {
      if (path == row_path) {
        out.row = true;
        continue;
      }
      const int slot = slot_of(field.field, path, set);
      if (slot < 0) continue;
      if (out.count == alternatives_max) {
        fault("'" + std::string{name(field.field)} + "' has more than four paths");
        break;
      }
      out.slots[out.count++] = static_cast<std::uint8_t>(slot);
    }
    return out;
  }

  int slot_of(Field field, const std::string& path, LineSet* set) {
    if (spec_.format == Format::delimited) return column_slot(field, path);
    const auto steps = steps_of(path);
    if (!steps || steps->back().single) {
      fault("'" + path + "' is no path");
      return -1;
    }
    Entry* entry = entry_at(*steps, set, field);
    if (entry == nullptr) return -1;
    if (field == Field::attributes || field == Field::data) {
      entry->raw = true;
    } else {
      entry->scalar = true;
      if (set == nullptr) scalars_.insert(entry->slot);
    }
    return entry->slot;
  }

  int column_slot(Field field, const std::string& path) {
    std::size_t column = 0;
    if (path.starts_with('#')) {
      const char* end = path.data() + path.size();
      const auto read = std::from_chars(path.data() + 1, end, column);
      if (read.ec != std::errc{} || read.ptr != end) column = spec_.columns.size();
    } else {
      const auto at = std::find(spec_.columns.begin(), spec_.columns.end(), path);
      column = static_cast<std::size_t>(at - spec_.columns.begin());
    }
    if (column >= spec_.columns.size()) {
      fault("there is no column '" + path + "'");
      return -1;
    }
    std::int16_t& slot = out_.column_slots[column];
    if (slot < 0) slot = static_cast<std::int16_t>(take_slot(nullptr, path, field));
    return slot;
  }

  std::size_t take_slot(LineSet* set, const std::string& path, Field label) {
    if ((set == nullptr ? slot_count_ : set->slots) == slots_max) {
      fault("more than 255 paths");
      return 0;
    }
    if (set != nullptr) {
      set->paths.push_back(path);
      set->labels.push_back(label);
      return set->slots++;
    }
    out_.slot_paths.push_back(path);
    out_.slot_labels.push_back(label);
    return slot_count_++;
  }

  /// The entry at `steps` below the record, or below a line of `set`, made with what leads to it;
  /// nullptr after a fault.
  Entry* entry_at(const std::vector<Step>& steps, LineSet* set, Field label) {
    std::int16_t node = set == nullptr ? std::int16_t{0} : set->node;
    std::string path;
    for (std::size_t i = 0;; ++i) {
      const bool last = i + 1 == steps.size();
      path += (i == 0 ? "" : ".") + steps[i].key;
      const std::size_t at = find_or_add(static_cast<std::size_t>(node), steps[i].key, path, set,
                                         last ? label : Field::data);
      Entry& entry = drafts_[static_cast<std::size_t>(node)].entries[at];
      if (set == nullptr) ways_.push_back(entry.slot);
      if (last) return &entry;
      if (steps[i].single) path += "[0]";
      if (set == nullptr) holders_.push_back({entry.slot, steps[i].single ? '[' : '{'});
      if (entry.child >= 0 && entry.single != steps[i].single) {
        fault("'" + steps[i].key + "' is both an object and an array");
        return nullptr;
      }
      if (entry.child < 0) {
        entry.child = static_cast<std::int16_t>(drafts_.size());
        entry.single = steps[i].single;
        node = entry.child;
        drafts_.emplace_back();
      } else {
        node = entry.child;
      }
    }
  }

  std::size_t find_or_add(std::size_t node, const std::string& key, const std::string& path,
                          LineSet* set, Field label) {
    Draft& draft = drafts_[node];
    const auto found = std::find(draft.keys.begin(), draft.keys.end(), key);
    if (found != draft.keys.end()) return static_cast<std::size_t>(found - draft.keys.begin());
    Entry entry;
    entry.slot = static_cast<std::uint8_t>(take_slot(set, path, label));
    entry.label = label;
    draft.keys.push_back(key);
    draft.entries.push_back(entry);
    return draft.entries.size() - 1;
  }

  /// The slots met since they were cleared, each once.
  std::vector<std::uint8_t> ways() {
    std::sort(ways_.begin(), ways_.end());
    ways_.erase(std::unique(ways_.begin(), ways_.end()), ways_.end());
    return ways_;
  }

  void type_table() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < spec_.types.size(); ++i) {
      for (const std::string& type_name : spec_.types[i].names) {
        if (std::find(names.begin(), names.end(), type_name) != names.end()) {
          fault("two types are named '" + type_name + "'");
          continue;
        }
        names.push_back(type_name);
        out_.type_rules.push_back(static_cast<std::uint16_t>(i));
      }
    }
    out_.type_names = KeyTable{names};
  }

  static std::size_t index(Field field) { return static_cast<std::size_t>(field); }
  static bool empty(const Origin& origin) {
    return origin.count == 0 && !origin.row && !origin.has_fallback;
  }

  const MappingSpec& spec_;
  Mapping out_;
  std::vector<Draft> drafts_;
  std::size_t slot_count_ = 0;
  std::vector<std::uint8_t> ways_;
  std::vector<Holder> holders_;
  std::set<std::uint8_t> scalars_;  // slots of the record that fields read
  std::string faults_;
};

}  // namespace

std::string Mapping::path_of(const OddPath& odd) const {
  const auto slot = static_cast<std::size_t>(odd.slot);
  if (odd.line_set == OddPath::no_set) return slot_paths.at(slot);
  const LineSet& set = line_sets.at(static_cast<std::size_t>(odd.line_set));
  return set.path + "[]" + (odd.slot < 0 ? "" : "." + set.paths.at(slot));
}

Result<Mapping> compile(const MappingSpec& spec) { return Compiler{spec}.run(); }

}  // namespace fealty::codec

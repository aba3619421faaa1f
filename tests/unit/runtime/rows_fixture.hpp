#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fealty/ports/member_store.hpp"

namespace fealty::runtime {

/// A store of rows alone, which counts how often it is asked. A reservation's value is its points
/// as text, any other row's is one letter.
class RowStore final : public ports::MemberStore {
 public:
  std::map<std::string, std::string> rows;  // by name; of one member
  std::size_t reads = 0, asked = 0;

  Result<void> find_rows(std::string_view, std::span<member::FoundRow* const> wanted) override {
    ++reads;
    asked += wanted.size();
    std::string name;
    for (member::FoundRow* row : wanted) {
      name.clear();
      encode(row->key, name);
      if (const auto at = rows.find(name); at != rows.end()) {
        if (auto read = decode(at->second, *row); !read) return read;
      }
    }
    return {};
  }
  void encode(const member::LedgerEntry& entry, std::string& out) override {
    out += "entry" + std::to_string(entry.seq);
  }
  Result<void> decode(std::string_view encoded, member::LedgerEntry& entry) override {
    entry.seq = std::stoull(std::string{encoded.substr(5)});
    return {};
  }
  void encode(const member::RowKey& key, std::string& out) override {
    const std::string text = std::to_string(static_cast<int>(key.kind)) + "." +
                             std::to_string(key.scope) + "." + std::string{key.first} + '\0' +
                             std::string{key.second};
    out.push_back(static_cast<char>(text.size() >> 8U));
    out.push_back(static_cast<char>(text.size() & 0xffU));
    out += text;
  }
  void encode(const member::RowChange& change, const member::Effects&, std::string& out) override {
    encode(change.key, out);
    if (change.what == member::RowChange::What::put) out += value_of(change);
  }
  Result<void> decode(std::string_view value, member::FoundRow& row) override {
    row.found = true;
    if (row.key.kind == member::RowKind::reservation) row.reserved = std::stoll(std::string{value});
    if (row.key.kind == member::RowKind::order) row.order.order_id = row.key.first;
    return {};
  }
  static std::string value_of(const member::RowChange& change) {
    return change.key.kind == member::RowKind::reservation ? std::to_string(change.reserved) : "+";
  }

  // The rest is not asked for.
  Result<std::optional<ports::Checkpoint>> checkpoint() override {
    return none<ports::Checkpoint>();
  }
  Result<void> load(std::span<const std::string_view>, std::span<member::Record* const>) override {
    return {};
  }
  void encode(std::span<const ports::SaveItem>, ports::Offset, ports::SavedBatch&) override {}
  void encode(const ports::Checkpoint&, ports::SavedBatch&) override {}
  void to_changelog(const ports::SavedBatch&, ports::Stream, std::uint32_t,
                    ports::OutputBuffer&) override {}
  Result<void> restore(std::string_view, std::string_view, std::uint64_t) override { return {}; }
  Result<void> restored(std::uint64_t) override { return {}; }
  Result<bool> due(const ports::DuePlace&, Day, std::size_t,
                   std::vector<ports::DuePlace>&) override {
    return false;
  }
  Result<void> scan(const std::function<Result<void>(const member::Record&)>&) override {
    return {};
  }
  Result<void> page(std::string_view, std::size_t, std::vector<member::Record>&) override {
    return {};
  }
  Result<void> history(std::string_view, std::uint64_t, std::size_t,
                       const std::function<void(const member::LedgerEntry&)>&) override {
    return {};
  }
  bool empty() override { return true; }

 private:
  template <class T>
  static Result<std::optional<T>> none() {
    return std::optional<T>{};
  }
};

inline member::RowChange reservation(std::string_view id, std::int64_t points) {
  member::RowChange change;
  change.key = member::RowKey::reservation(id);
  change.reserved = points;
  if (points == 0) change.what = member::RowChange::What::erase;
  return change;
}

}  // namespace fealty::runtime

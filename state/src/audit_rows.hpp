#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/member/history.hpp"
#include "src/audit.hpp"
#include "src/keys.hpp"

/// What the two halves of PartitionAudit share.
namespace fealty::state {

/// What is wrong with an order by itself.
std::vector<std::string> faults_of(const member::OrderGrant& order);

template <class Visit>
void PartitionAudit::each_row(char table, const member::Record& record, const Visit& visit) {
  std::string first, end;
  keys::append_prefix(table, record.id, first);
  end = first;
  end.append(9, '\xff');  // Behind every text and number.
  const auto scanned =
      map_.scan_from(first, first, end, [&](std::string_view key, std::string_view value) {
        visit(key, value);
        return Result<bool>{true};
      });
  if (!scanned) {
    faults_.add(scanned.error(), partition_, std::string{table_name(table)}, record.id);
  }
}

template <class Visit>
void PartitionAudit::each_key(char table, const Visit& visit) {
  constexpr std::size_t page_bytes = std::size_t{1} << 20U;
  const std::string end(1, static_cast<char>(table + 1));
  std::string first{table};
  Pairs page;
  do {
    page.clear();
    std::size_t bytes = 0;
    const auto scanned =
        map_.scan(first, end, [&](std::string_view key, std::string_view value) -> Result<bool> {
          page.emplace_back(key, value);
          bytes += key.size() + value.size();
          return bytes < page_bytes;
        });
    for (const auto& [key, value] : page) visit(key, value);
    if (!scanned) {
      faults_.add(scanned.error(), partition_,
                  std::string{table_name(table)} + ", what follows is not checked");
      return;
    }
    if (!page.empty()) first = page.back().first + '\0';
  } while (!page.empty());
}

}  // namespace fealty::state

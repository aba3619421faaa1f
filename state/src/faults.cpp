#include "fealty/state/faults.hpp"

#include <regex>
#include <utility>

namespace fealty::state {
namespace {

/// RocksDB's texts name the file that they are about, with its path.
std::string file_in(const std::string& text) {
  static const std::regex name{R"((\d{6,}\.(sst|log)|MANIFEST-\d+|CURRENT|FORMAT)\b)"};
  std::smatch found;
  return std::regex_search(text, found, name) ? found[1].str() : std::string{};
}

}  // namespace

void Faults::add(Fault fault) {
  ++(fault.kind == Fault::Kind::damaged ? damaged_ : different_);
  if (kept_.size() < kept_max_) kept_.push_back(std::move(fault));
}

void Faults::add(const Error& error, std::optional<std::uint32_t> partition, std::string key,
                 std::string member) {
  Fault fault{.kind = Fault::Kind::damaged, .partition = partition};
  fault.member = std::move(member);
  fault.key = std::move(key);
  fault.file = file_in(error.detail);
  fault.problem = error.detail.empty() ? std::string{name(error.code)} : error.detail;
  add(std::move(fault));
}

}  // namespace fealty::state

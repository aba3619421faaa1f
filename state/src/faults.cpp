#include "fealty/state/faults.hpp"

#include <string_view>
#include <utility>

namespace fealty::state {
namespace {

bool digits(std::string_view text, std::size_t least) {
  return text.size() >= least && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Of a state directory.
bool is_file_name(std::string_view word) {
  constexpr std::string_view manifest = "MANIFEST-";
  if (word == "CURRENT" || word == "FORMAT") return true;
  if (word.starts_with(manifest)) return digits(word.substr(manifest.size()), 1);
  const bool numbered = word.ends_with(".sst") || word.ends_with(".log");
  return numbered && digits(word.substr(0, word.size() - 4), 6);
}

/// RocksDB's texts name the file that they are about, with its path.
std::string file_in(std::string_view text) {
  constexpr std::string_view between = " /:;,()'\"\n";
  while (true) {
    const auto begin = text.find_first_not_of(between);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin);
    std::string_view word = text.substr(0, text.find_first_of(between));
    text.remove_prefix(word.size());
    while (word.ends_with('.')) word.remove_suffix(1);
    if (is_file_name(word)) return std::string{word};
  }
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

#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace fealty::simulation {

/// What a reader of the outputs sees, in an order that does not depend on interleaving: by member,
/// and within a member in the order of appearance.
struct Seen {
  std::map<std::string, std::vector<std::string>> notices, ledger;
  std::vector<std::string> deadletters, members;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// The first difference, for a test's message; empty where there is none.
inline std::string difference(const Seen& got, const Seen& expected) {
  const auto lists = [](const char* what, const std::vector<std::string>& a,
                        const std::vector<std::string>& b) -> std::string {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::string left = i < a.size() ? a[i] : "(none)";
      const std::string right = i < b.size() ? b[i] : "(none)";
      if (left != right) return std::string{what} + ":\n  got  " + left + "\n  want " + right;
    }
    return {};
  };
  const auto maps = [&](const char* what, const auto& a, const auto& b) -> std::string {
    auto members = a;
    members.insert(b.begin(), b.end());
    for (const auto& [member, unused] : members) {
      const auto left = a.find(member), right = b.find(member);
      auto found = lists(what, left == a.end() ? std::vector<std::string>{} : left->second,
                         right == b.end() ? std::vector<std::string>{} : right->second);
      if (!found.empty()) return found;
    }
    return {};
  };
  std::string found = maps("ledger", got.ledger, expected.ledger);
  if (found.empty()) found = maps("notices", got.notices, expected.notices);
  if (found.empty()) found = lists("deadletters", got.deadletters, expected.deadletters);
  if (found.empty()) found = lists("members", got.members, expected.members);
  return found;
}

}  // namespace fealty::simulation

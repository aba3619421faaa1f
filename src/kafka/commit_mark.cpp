#include "commit_mark.hpp"

#include <algorithm>
#include <charconv>

#include "fealty/base/check.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

namespace {

constexpr std::string_view magic = "fealty1 ";
constexpr std::string_view hex_digits = "0123456789abcdef";

bool plain(char c) { return c > ' ' && c <= '~' && c != '%'; }

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      if (!plain(text.front())) return std::nullopt;
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    if (text.size() < 3) return std::nullopt;
    const char* const end = text.data() + 3;
    if (std::from_chars(text.data() + 1, end, byte, 16).ptr != end) return std::nullopt;
    out += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return out;
}

}  // namespace

std::string to_metadata(const CommitMark& mark) {
  check(!mark.token.empty() && std::all_of(mark.token.begin(), mark.token.end(), plain),
        "a commit's token is one word");
  check(mark.note.size() <= ports::note_bytes_max, "a note is bounded");
  std::string out{magic};
  out.append(mark.token).append(" ");
  for (const char c : mark.note) {
    if (plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex_digits[byte >> 4U];
    out += hex_digits[byte & 15U];
  }
  return out;
}

std::optional<CommitMark> parse_metadata(std::string_view metadata) {
  if (!metadata.starts_with(magic)) return std::nullopt;
  metadata.remove_prefix(magic.size());
  const auto space = metadata.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  auto note = unescaped(metadata.substr(space + 1));
  if (!note || note->size() > ports::note_bytes_max) return std::nullopt;
  return CommitMark{std::string{metadata.substr(0, space)}, std::move(*note)};
}

CommitOutcome outcome_of(std::span<const CommittedAnswer> answers, std::string_view token) {
  bool complete = !answers.empty();
  for (const auto& answer : answers) {
    if (answer.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      complete = false;
      continue;
    }
    const auto mark = parse_metadata(answer.metadata);
    if (mark && mark->token == token) return CommitOutcome::committed;
  }
  return complete ? CommitOutcome::not_committed : CommitOutcome::unknown;
}

}  // namespace fealty::kafka

#include "fealty/codec/elements.hpp"

#include "headers.hpp"
#include "token.hpp"

namespace fealty::codec {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view inside(std::string_view record) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (record.starts_with(byte_order_mark)) record.remove_prefix(byte_order_mark.size());
  return trimmed(record);
}

/// Just behind the string that begins at `at`; text.size() where it does not end.
std::size_t past_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

/// The end of the element that begins at `at`: a comma of the array's own, or its closing bracket.
std::size_t end_of(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = past_string(text, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return at;
        --depth;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

}  // namespace

bool is_batch(std::string_view record, std::span<const event::Header> headers) {
  return inside(record).starts_with('[') && !is_binary(headers);
}

bool split_batch(std::string_view record, std::vector<std::string_view>& out) {
  out.clear();
  const std::string_view text = inside(record);
  if (!text.starts_with('[')) return false;
  if (text.ends_with(']') && trimmed(text.substr(1, text.size() - 2)).empty()) return true;
  for (std::size_t at = 1; at < text.size();) {
    const std::size_t end = end_of(text, at);
    const std::string_view element = trimmed(text.substr(at, end - at));
    if (end == text.size() || element.empty() || text[end] == '}') return false;
    out.push_back(element);
    at = end + 1;
    if (text[end] == ']') return at == text.size();
  }
  return false;
}

}  // namespace fealty::codec

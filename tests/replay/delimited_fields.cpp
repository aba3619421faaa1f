// Prints the records of delimited files and their fields, for a test that compares them with what
// another reader finds: one line a record, "index field field ...", each field in hexadecimal behind
// an '='; "index !" where the record is refused.
#include <fmt/format.h>

#include <string>

#include "delimited.hpp"
#include "fealty/files/file_source.hpp"

namespace {

using namespace fealty;

class FromTheStart final : public ports::AssignmentListener {
 public:
  explicit FromTheStart(ports::Source& source) : source_{source} {}
  Result<void> on_assigned(std::span<const ports::Assignment>) override {
    return source_.start_at(0, 0);
  }
  Result<void> on_revoked(std::span<const std::uint32_t>, bool) override { return {}; }

 private:
  ports::Source& source_;
};

void print(int index, std::string_view record, codec::Separator separator) {
  Arena arena;
  codec::Cells cells{record, separator, codec::Quoting::rfc4180};
  std::string line = std::to_string(index);
  std::string_view cell;
  while (cells.next(arena, cell)) {
    line += " =";
    for (const char c : cell) line += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  fmt::print("{}\n", cells.why_not() == nullptr ? line : std::to_string(index) + " !");
}

int print_all(int index, const std::string& path, codec::Separator separator) {
  files::InputIndex known;
  files::FileSource source{{.logs = {path},
                            .framing = {.quotes = true,
                                        .separator = codec::character(separator),
                                        .lone_cr = true,
                                        .sep_line = true},
                            .prefetch = false},
                           files::Manifest{},
                           known};
  FromTheStart listener{source};
  if (!source.open(listener)) return 1;
  ports::InputBatch batch;
  while (true) {
    const auto polled = source.poll(batch, 100, std::chrono::milliseconds{0});
    if (!polled) return 1;
    for (const auto& record : batch.records) print(index, record.value, separator);
    if (*polled == ports::Polled::ended) return 0;
  }
}

}  // namespace

/// SEPARATOR FILE...
int main(int count, char** words) {
  const auto separator = count < 2 ? std::nullopt : codec::separator_of(words[1][0]);
  if (!separator) return 2;
  for (int i = 2; i < count; ++i) {
    if (print_all(i - 2, words[i], *separator) != 0) return 1;
  }
  return 0;
}

#pragma once

#include <string>
#include <string_view>

namespace fealty {

/// `text` as a person may be shown it, whoever wrote it: what would move a cursor, end a line, turn
/// the direction of reading or is no UTF-8 becomes visible. \n, \r and \t; \x1b for other control
/// characters below U+0080 (DEL too) and for each byte that is no UTF-8; \u009b for the controls
/// U+0080 to U+009F, the line separators U+2028 and U+2029, and the overrides and isolates of
/// writing direction (U+202A to U+202E, U+2066 to U+2069). All else stays, backslashes too: what
/// was escaped already does not change.
/// For people and logs only: data that is read again (JSON) has an escaping of its own.
std::string printable(std::string_view text);
/// The same of text of several lines: `\n` stays.
std::string printable_lines(std::string_view text);

}  // namespace fealty

#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace fealty {

/// Why something was refused or failed. The first three groups dead-letter one record and go on; the
/// rest end a task or the process. `disposition()` is the one place that says which.
enum class Errc : std::uint8_t {
  // decode: the bytes are not an event
  empty_record,
  record_too_large,
  malformed_json,
  invalid_utf8,
  too_deep,
  duplicate_key,
  missing_field,
  wrong_type,
  out_of_range,
  too_many_decimals,
  unknown_currency,
  unknown_type,  // counted and skipped by policy, not dead-lettered
  malformed_delimited,
  // program: the event is well formed, but the member's record refuses it
  id_conflict,  // same id, other payload
  insufficient_points,
  unknown_order,
  currency_not_in_program,
  unknown_redemption,
  time_in_future,
  too_many_parked,
  record_full,  // a bound of what one member may hold
  wrong_partition,  // its key is not its member
  // configuration and usage
  usage,
  invalid_config,
  wrong_program,   // state or outputs of another program
  wrong_input,     // outputs of another input or mapping
  wrong_revision,  // state of a newer format, or of another core revision after a crash
  state_in_use,
  // outside world
  input_unreadable,
  input_gap,    // the input no longer reaches back to recover_from
  input_corrupt,  // a corrupt compressed file
  output_unwritable,
  broker_unreachable,
  broker_refused,  // authentication, authorisation, missing topic
  fenced,
  transaction_aborted,  // crash the task, recover, go on
  store_unavailable,    // retry
  store_corrupt,        // stop
  verification_failed,
};

/// Stable lower-case name of a code: what dead letters, logs and metrics carry.
std::string_view name(Errc code);

/// What a failure means for the caller.
enum class Disposition : std::uint8_t { reject_record, retry, restart_task, stop };
Disposition disposition(Errc code);

/// What failed. `field` names the field, key or option and has static lifetime; `detail` is for
/// people and may be empty (always so on the hot path, where an Error must not allocate).
struct Error {
  Errc code;
  std::string_view field{};
  std::string detail{};
};

/// "code: field: detail", as shown to a user.
std::string to_string(const Error& error);

/// A value or an Error. Dropping one is a warning, and warnings are errors here.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

}  // namespace fealty

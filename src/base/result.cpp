#include "fealty/base/result.hpp"

#include "fealty/base/check.hpp"

namespace fealty {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::empty_record: return "empty_record";
    case Errc::record_too_large: return "record_too_large";
    case Errc::malformed_json: return "malformed_json";
    case Errc::invalid_utf8: return "invalid_utf8";
    case Errc::too_deep: return "too_deep";
    case Errc::duplicate_key: return "duplicate_key";
    case Errc::missing_field: return "missing_field";
    case Errc::wrong_type: return "wrong_type";
    case Errc::out_of_range: return "out_of_range";
    case Errc::too_many_decimals: return "too_many_decimals";
    case Errc::unknown_currency: return "unknown_currency";
    case Errc::unknown_type: return "unknown_type";
    case Errc::malformed_delimited: return "malformed_delimited";
    case Errc::id_conflict: return "id_conflict";
    case Errc::insufficient_points: return "insufficient_points";
    case Errc::unknown_order: return "unknown_order";
    case Errc::currency_not_in_program: return "currency_not_in_program";
    case Errc::unknown_redemption: return "unknown_redemption";
    case Errc::time_in_future: return "time_in_future";
    case Errc::too_many_parked: return "too_many_parked";
    case Errc::record_full: return "record_full";
    case Errc::wrong_partition: return "wrong_partition";
    case Errc::usage: return "usage";
    case Errc::invalid_config: return "invalid_config";
    case Errc::wrong_program: return "wrong_program";
    case Errc::wrong_input: return "wrong_input";
    case Errc::wrong_revision: return "wrong_revision";
    case Errc::state_in_use: return "state_in_use";
    case Errc::input_unreadable: return "input_unreadable";
    case Errc::input_gap: return "input_gap";
    case Errc::input_corrupt: return "input_corrupt";
    case Errc::output_unwritable: return "output_unwritable";
    case Errc::broker_unreachable: return "broker_unreachable";
    case Errc::broker_refused: return "broker_refused";
    case Errc::fenced: return "fenced";
    case Errc::transaction_aborted: return "transaction_aborted";
    case Errc::store_unavailable: return "store_unavailable";
    case Errc::store_corrupt: return "store_corrupt";
    case Errc::verification_failed: return "verification_failed";
  }
  check_failed("an Errc without a name", __FILE__, __LINE__);
}

Disposition disposition(Errc code) {
  if (code <= Errc::wrong_partition) return Disposition::reject_record;
  if (code == Errc::transaction_aborted) return Disposition::restart_task;
  if (code == Errc::store_unavailable) return Disposition::retry;
  return Disposition::stop;
}

std::string to_string(const Error& error) {
  std::string text{name(error.code)};
  if (!error.field.empty()) text.append(": ").append(error.field);
  if (!error.detail.empty()) text.append(": ").append(error.detail);
  return text;
}

}  // namespace fealty

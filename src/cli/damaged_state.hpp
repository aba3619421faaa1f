#pragma once

#include <memory>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"
#include "fealty/ports/member_store.hpp"
#include "open_store.hpp"

namespace fealty::cli {

/// The stores of a service. Where its directory is damaged, or note_damage() says so, by `policy`:
/// the error; or the directory is moved aside, which is logged, and there is an empty one, beside
/// it the program's generations of before. Errors: as open_stores().
Result<std::unique_ptr<ports::MemberStores>> open_service_stores(const StateOptions& options,
                                                                 config::OnDamage policy);

/// Keeps in the directory that a run ended because of what it read there, for the next start. Does
/// nothing for any other error, and for damage that came with the changelog: an empty directory
/// would get the same.
void note_damage(const std::string& state_directory, const Error& error);

}  // namespace fealty::cli

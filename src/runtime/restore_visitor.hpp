#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::runtime {

/// Carries the changelog records that `reader` visits into a store, each with the position behind
/// it: a restore that is cut short goes on there. Borrows all.
class RestoreVisitor final : public ports::Changelog::Visitor {
 public:
  RestoreVisitor(ports::MemberStore& store, const ports::Changelog::Reader& reader,
                 std::uint64_t& records)
      : store_{store}, reader_{reader}, records_{records} {}
  Result<void> apply(std::string_view key, std::string_view value) override {
    ++records_;
    return store_.restore(key, value, reader_.position());
  }

 private:
  ports::MemberStore& store_;
  const ports::Changelog::Reader& reader_;
  std::uint64_t& records_;
};

}  // namespace fealty::runtime

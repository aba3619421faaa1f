#include "fealty/member/notice_id.hpp"

#include "fealty/base/hash.hpp"
#include "fealty/member/effects.hpp"

namespace fealty::member {

NoticeId id_of(const Notice& notice, std::string_view member) {
  const auto lane = [&](std::uint64_t seed) {
    std::uint64_t hash = hash64(member, seed);
    hash = hash64(name(notice.type), hash);
    hash = hash64(notice.cause, hash);
    hash = hash64(notice.cause_source, hash);
    hash = hash64(name(notice.cause_type), hash);
    return mix(hash, std::uint64_t{notice.rule_version} << 32U | notice.ordinal);
  };
  return {lane(1), lane(2)};
}

}  // namespace fealty::member

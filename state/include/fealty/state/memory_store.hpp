#pragma once

#include "fealty/state/encoded_store.hpp"

namespace fealty::state {

/// A MemberStore in memory. It holds the same bytes under the same keys as the one on disk, so
/// tests and simulations run the same codec. Lives as long as the object: keep it over a simulated
/// crash. Owns, threads and errors as EncodedStore; it never fails to write.
class MemoryStore final : public EncodedStore {
 public:
  MemoryStore();
};

/// A fresh MemoryStore for each partition that is opened.
class MemoryStores final : public ports::MemberStores {
 public:
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override;
  Result<void> save(std::span<const Save> saves) override;
};

}  // namespace fealty::state

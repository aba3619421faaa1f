#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// The keys of a map that begin with one prefix, as a map of their own without it. No other prefix
/// in the map may begin with this one.
/// Owns: nothing; the map must outlive it. Threads: as the map, but one that reads at a time.
class PrefixedMap final : public KeyValue {
 public:
  PrefixedMap(KeyValue& map, std::string prefix);

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override;
  Result<void> write(std::span<const Write> changes) override;
  Result<void> write_in_turn(std::span<const Write> changes, const Turn& turn) override;
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override;
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override;
  void begin_filling() override { map_.begin_filling(); }
  void end_filling() override { map_.end_filling(); }

 private:
  [[nodiscard]] std::string full(std::string_view key) const;
  /// `changes` under full keys, which lie in `keys`.
  std::vector<Write> full(std::span<const Write> changes, std::string& keys) const;
  [[nodiscard]] PairVisitor without_prefix(const PairVisitor& visit) const;

  KeyValue& map_;
  const std::string prefix_;
  // Scratch of get_many().
  std::string key_bytes_;
  std::vector<std::string_view> keys_;
};

}  // namespace fealty::state

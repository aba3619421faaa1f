#include "fealty/files/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "fealty/base/check.hpp"

namespace fealty::files {

struct Sha256::State {
  State() : context{EVP_MD_CTX_new()} { check(context != nullptr, "out of memory"); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_{std::make_unique<State>()} {
  check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "OpenSSL has SHA-256");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "a digest takes bytes");
}

std::string Sha256::hex() const {
  const State copy;
  check(EVP_MD_CTX_copy_ex(copy.context, state_->context) == 1, "a digest can be copied");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(copy.context, digest.data(), &size) == 1, "a digest ends");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4U];
    text += digits[digest[i] & 15U];
  }
  return text;
}

}  // namespace fealty::files

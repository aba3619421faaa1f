#include <openssl/evp.h>

#include "record_line.hpp"

namespace fealty::files {

void append_base64(std::string_view bytes, std::string& out) {
  const std::size_t at = out.size();
  out.resize(at + (bytes.size() + 2) / 3 * 4 + 1);  // It writes a '\0' behind.
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
  out.resize(at + static_cast<std::size_t>(written));
}

bool append_from_base64(std::string_view text, std::string& out) {
  if (text.empty()) return true;
  if (text.size() % 4 != 0) return false;
  const std::size_t at = out.size();
  out.resize(at + text.size() / 4 * 3);
  const int written = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  if (written < 0) return false;
  // It counts the bytes that padding stands for.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(at + static_cast<std::size_t>(written) - padding);
  return true;
}

}  // namespace fealty::files

#include "fealty/base/units.hpp"

#include <algorithm>
#include <array>

namespace fealty {
namespace {

struct Listed {
  std::string_view code;
  int scale;
};

/// ISO 4217 list one of 2024 with the decimals of each minor unit, by code. Metals, bond units and
/// test codes have no minor unit and are left out.
constexpr Listed listed[] = {
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"ANG", 2}, {"AOA", 2}, {"ARS", 2}, {"AUD", 2},
    {"AWG", 2}, {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BGN", 2}, {"BHD", 3}, {"BIF", 0},
    {"BMD", 2}, {"BND", 2}, {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2},
    {"BYN", 2}, {"BZD", 2}, {"CAD", 2}, {"CDF", 2}, {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4},
    {"CLP", 0}, {"CNY", 2}, {"COP", 2}, {"COU", 2}, {"CRC", 2}, {"CUC", 2}, {"CUP", 2}, {"CVE", 2},
    {"CZK", 2}, {"DJF", 0}, {"DKK", 2}, {"DOP", 2}, {"DZD", 2}, {"EGP", 2}, {"ERN", 2}, {"ETB", 2},
    {"EUR", 2}, {"FJD", 2}, {"FKP", 2}, {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2}, {"GMD", 2},
    {"GNF", 0}, {"GTQ", 2}, {"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HTG", 2}, {"HUF", 2}, {"IDR", 2},
    {"ILS", 2}, {"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"JMD", 2}, {"JOD", 3}, {"JPY", 0},
    {"KES", 2}, {"KGS", 2}, {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0}, {"KWD", 3}, {"KYD", 2},
    {"KZT", 2}, {"LAK", 2}, {"LBP", 2}, {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LYD", 3}, {"MAD", 2},
    {"MDL", 2}, {"MGA", 2}, {"MKD", 2}, {"MMK", 2}, {"MNT", 2}, {"MOP", 2}, {"MRU", 2}, {"MUR", 2},
    {"MVR", 2}, {"MWK", 2}, {"MXN", 2}, {"MXV", 2}, {"MYR", 2}, {"MZN", 2}, {"NAD", 2}, {"NGN", 2},
    {"NIO", 2}, {"NOK", 2}, {"NPR", 2}, {"NZD", 2}, {"OMR", 3}, {"PAB", 2}, {"PEN", 2}, {"PGK", 2},
    {"PHP", 2}, {"PKR", 2}, {"PLN", 2}, {"PYG", 0}, {"QAR", 2}, {"RON", 2}, {"RSD", 2}, {"RUB", 2},
    {"RWF", 0}, {"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2}, {"SGD", 2}, {"SHP", 2},
    {"SLE", 2}, {"SOS", 2}, {"SRD", 2}, {"SSP", 2}, {"STN", 2}, {"SVC", 2}, {"SYP", 2}, {"SZL", 2},
    {"THB", 2}, {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2}, {"TRY", 2}, {"TTD", 2}, {"TWD", 2},
    {"TZS", 2}, {"UAH", 2}, {"UGX", 0}, {"USD", 2}, {"USN", 2}, {"UYI", 0}, {"UYU", 2}, {"UYW", 4},
    {"UZS", 2}, {"VED", 2}, {"VES", 2}, {"VND", 0}, {"VUV", 0}, {"WST", 2}, {"XAF", 0}, {"XCD", 2},
    {"XCG", 2}, {"XOF", 0}, {"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2}, {"ZWL", 2},
};
static_assert(std::is_sorted(std::begin(listed), std::end(listed),
                             [](const Listed& a, const Listed& b) { return a.code < b.code; }));

constexpr unsigned letters = 26;

/// Position of a code in a table of all 26^3 codes; `letters`^3 where it is no three upper-case
/// letters.
constexpr unsigned index_of(unsigned char a, unsigned char b, unsigned char c) {
  const unsigned x = a - unsigned{'A'};
  const unsigned y = b - unsigned{'A'};
  const unsigned z = c - unsigned{'A'};
  if (x >= letters || y >= letters || z >= letters) return letters * letters * letters;
  return (x * letters + y) * letters + z;
}

/// Scale + 1 of each code, 0 where it is not listed; one step to look up. The last entry is for no
/// code.
constexpr auto scales = [] {
  std::array<std::uint8_t, letters * letters * letters + 1> table{};
  for (const Listed& entry : listed) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(entry.code[i]); };
    table[index_of(at(0), at(1), at(2))] = static_cast<std::uint8_t>(entry.scale + 1);
  }
  return table;
}();

}  // namespace

std::optional<Currency> Currency::from_code(std::string_view code) {
  if (code.size() != 3) return std::nullopt;
  const auto a = static_cast<unsigned char>(code[0]);
  const auto b = static_cast<unsigned char>(code[1]);
  const auto c = static_cast<unsigned char>(code[2]);
  if (scales[index_of(a, b, c)] == 0) return std::nullopt;
  return from_packed(std::uint32_t{a} << 16U | std::uint32_t{b} << 8U | c);
}

int Currency::scale() const {
  check(stated(), "only a stated currency has a scale");
  const auto letter = [this](unsigned shift) {
    return static_cast<unsigned char>(packed_ >> shift & 0xffU);
  };
  const int entry = scales[index_of(letter(16), letter(8), letter(0))];
  check(entry != 0, "a currency comes from from_code()");
  return entry - 1;
}

void Currency::write(char* out) const {
  out[0] = static_cast<char>(packed_ >> 16U & 0xffU);
  out[1] = static_cast<char>(packed_ >> 8U & 0xffU);
  out[2] = static_cast<char>(packed_ & 0xffU);
}

}  // namespace fealty

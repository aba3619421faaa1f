#!/usr/bin/env python3
"""Prints math_tables.hpp: python3 src/base/math_tables.py > src/base/math_tables.hpp

Every number is computed here to 60 digits and rounded once to the nearest double.
"""
from decimal import Decimal as D, ROUND_FLOOR, getcontext

getcontext().prec = 60


def split(value, grid=None):
    """value = hi + lo, hi a double (a multiple of `grid` where one is given), lo the rest."""
    if grid is not None:
        hi = (value / grid).to_integral_value() * grid
    else:
        hi = D(float(value))
    return float(hi), float(value - hi)


def bernoulli(n):
    from fractions import Fraction
    a = []
    for m in range(n + 1):
        a.append(Fraction(1, m + 1))
        for j in range(m, 0, -1):
            a[j - 1] = j * (a[j - 1] - a[j])
    return a[0]


def zeta_less_one(k):
    """zeta(k) - 1 by Euler-Maclaurin from n = 40."""
    n = 40
    total = sum(D(1) / D(i) ** k for i in range(2, n))
    total += D(n) ** (1 - k) / (k - 1) + D(n) ** -k / 2
    rising, factorial = D(k), D(2)
    for j in range(1, 15):
        b = bernoulli(2 * j)
        total += D(b.numerator) / D(b.denominator) * rising / factorial * D(n) ** (-k - 2 * j + 1)
        rising *= (k + 2 * j - 1) * (k + 2 * j)
        factorial *= (2 * j + 1) * (2 * j + 2)
    return total


def euler_gamma():
    n = 40
    total = sum(D(1) / D(i) for i in range(1, n + 1)) - D(n).ln() - D(1) / (2 * n)
    for j in range(1, 20):
        b = bernoulli(2 * j)
        total += D(b.numerator) / D(b.denominator) / (2 * j) / D(n) ** (2 * j)
    return total


def h(x):
    return float(x).hex()


ln2 = D(2).ln()
out = ["#pragma once", "", "// Printed by math_tables.py; do not edit.", "", "#include <array>", "",
       "namespace fealty::math_tables {", "",
       "struct LogRow {", "  double c, hi, lo;", "};",
       "// Row i serves mantissas m in [1 + i/128, 1 + (i+1)/128), halved from row 53 on: c = 1/m to nine",
       "// bits, hi + lo = -ln c, hi a multiple of 2^-42.", "// clang-format off",
       "inline constexpr std::array<LogRow, 128> log_rows{{"]
for i in range(128):
    mid = D(1) + (D(i) + D("0.5")) / 128
    if i >= 53:
        mid /= 2
    c = D(1) if i in (0, 127) else (D(512) / mid).to_integral_value() / 512
    hi, lo = split(-c.ln(), D(2) ** -42)
    out.append("    {%s, %s, %s}," % (h(c), h(hi), h(lo)))
out += ["}};", "inline constexpr int log_first_halved = 53;"]
hi, lo = split(ln2, D(2) ** -42)
out += ["inline constexpr double ln2_hi = %s, ln2_lo = %s;" % (h(hi), h(lo)), "",
        "struct ExpRow {", "  double hi, lo;", "};",
        "// Row i: 2^(i/32) as hi + lo.", "inline constexpr std::array<ExpRow, 32> exp_rows{{"]
for i in range(32):
    hi, lo = split((ln2 * i / 32).exp())
    out.append("    {%s, %s}," % (h(hi), h(lo)))
out.append("}};")
hi, lo = split(ln2 / 32, D(2) ** -42)
out += ["inline constexpr double exp_step_hi = %s, exp_step_lo = %s;  // ln 2 / 32" % (h(hi), h(lo)),
        "inline constexpr double exp_steps = %s;  // 32 / ln 2" % h(32 / ln2), "",
        "// ln Gamma(2 + z) = z * sum_i lgamma_at_2[i] z^i: 1 - gamma, then (-1)^k (zeta(k) - 1) / k.",
        "inline constexpr std::array<double, 27> lgamma_at_2{"]
out.append("    %s," % h(1 - euler_gamma()))
for k in range(2, 28):
    out.append("    %s," % h(zeta_less_one(k) / k * (-1) ** k))
out += ["};", "inline constexpr double half_ln_2pi_less_half = %s;  // (ln(2 pi) - 1) / 2" % h(
    (2 * D("3.14159265358979323846264338327950288419716939937510582097494459")).ln() / 2 - D("0.5")),
    "// clang-format on", "", "}  // namespace fealty::math_tables"]
print("\n".join(out))

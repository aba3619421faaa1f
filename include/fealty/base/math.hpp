#pragma once

namespace fealty {

/// Elementary functions made of + - * / and integer bit operations only, which IEEE 754 fixes: the
/// same bits on every CPU and libm. glibc's differ between CPUs with and without FMA.
/// Relative error below 4 ulp over the ranges stated; tests/unit/base compares with long double.

/// e^x for |x| <= 700; 0 below -745, +inf above 709.78.
double exp(double x);
/// Natural logarithm of x > 0 (normal or subnormal); -inf at 0, NaN below.
double log(double x);
/// x^y for x > 0, as exp(y * log(x)) with the product carried in two doubles.
double pow(double x, double y);
/// ln Gamma(x), x > 0.
double lgamma(double x);
/// log(1 + x), exact near 0.
double log1p(double x);
/// e^x - 1, exact near 0.
double expm1(double x);

}  // namespace fealty

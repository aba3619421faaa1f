#pragma once

#include <cstdint>

#include "fealty/member/churn_parameters.hpp"

/// BG/NBD (Fader, Hardie & Lee 2005), with our own elementary functions. Times in weeks.
/// x: repeat transactions, t_x: last - first, T: now - first. See docs in bgnbd.cpp for formulas.
namespace fealty::insight {

struct Bgnbd {
  double r, alpha, a, b;
};

/// ln of the individual likelihood.
double log_likelihood(const Bgnbd& p, double x, double t_x, double T);
/// P(alive | x, t_x, T); 1 for x = 0.
double p_alive(const Bgnbd& p, double x, double t_x, double T);
/// E[X(t)] of a member drawn at random.
double expected_purchases(const Bgnbd& p, double t);
/// E[Y(t) | x, t_x, T], Euler-transformed series, regular at a = 1.
double expected_future_purchases(const Bgnbd& p, double t, double x, double t_x, double T);
/// P(X(t) = n).
double pmf(const Bgnbd& p, double t, std::uint32_t n);
/// P(buys within H | x, t_x, T) = P(alive) * (1 - ((alpha+T)/(alpha+T+H))^(r+x)).
double p_buys_within(const Bgnbd& p, double H, double x, double t_x, double T);

}  // namespace fealty::insight

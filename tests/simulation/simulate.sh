#!/usr/bin/env bash
# The deterministic simulation tier: random cuts in many lives, one seed a history.
# usage: simulate.sh [--seeds N | --seed S]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
while [[ $# -gt 0 ]]; do
  case $1 in
    --seeds) export FEALTY_SEEDS=$2; shift 2 ;;
    --seed) export FEALTY_SEED=$2; shift 2 ;;
    *) echo "simulate: unknown option $1; known: --seeds N, --seed S" >&2; exit 2 ;;
  esac
done
cmake --preset release -DFEALTY_TESTS=ON >/dev/null
ninja -C build/release simulation_test
exec build/release/tests/simulation/simulation_test --gtest_filter='Simulation.*'

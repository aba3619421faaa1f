#!/usr/bin/env bash
# The deterministic simulation tier: one seed is one history, the same each time. The seeds are shared out
# over the cores.
# usage: simulate.sh [--seeds N | --seed S]
# The N seeds begin at FEALTY_SEED_FIRST, which `./run` draws from the date in CI (else 1); FEALTY_SEED is the
# one of --seed. Both are numbers below 2^64, and not 0. FEALTY_TRACE=1 with --seed tells what happens.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
wrong() { echo "simulate: $*" >&2; exit 2; }
number() { [[ ${2:-} =~ ^[1-9][0-9]{0,18}$ ]] || wrong "$1 needs a whole number from 1 on, not '${2:-}'"; }
shards=$(nproc)
while [[ $# -gt 0 ]]; do
  case $1 in
    --seeds) number "$@"; export FEALTY_SEEDS=$2; shift 2 ;;
    --seed) number "$@"; export FEALTY_SEED=$2; shards=1; shift 2 ;;
    *) wrong "unknown option $1; known: --seeds N, --seed S" ;;
  esac
done
cmake --preset release -DFEALTY_TESTS=ON >/dev/null
ninja -C build/release simulation_test
simulation=(build/release/tests/simulation/simulation_test "--gtest_filter=Simulation.*")
if ((shards == 1)); then exec "${simulation[@]}"; fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export FEALTY_SHARDS=$shards
pids=()
for ((i = 0; i < shards; ++i)); do
  FEALTY_SHARD=$i "${simulation[@]}" >"$logs/$i" 2>&1 &
  pids+=($!)
done
failed=0
for ((i = 0; i < shards; ++i)); do
  if wait "${pids[i]}"; then
    grep -E '^\[ +(OK|PASSED)|storms:' "$logs/$i" || true
  else
    failed=1
    cat "$logs/$i"
  fi
done
exit $failed

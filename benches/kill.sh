#!/usr/bin/env bash
# kill -9 of `rules apply` at 200 moments spread over a run, against the Resource Manager of the
# tests: after each, the rollback file is whole, and the next run makes the rules right.
#
#   benches/kill.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
PATHPROOF_KILLS=${1:-200} cargo test --locked --test it azure::crash::kill_9 -- --nocapture

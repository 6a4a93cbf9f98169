#!/usr/bin/env bash
# Times countersign against git on the same clones, side by side. Fails on no clock.
#
#     benches/compare.sh [--runs N] [--range-cost | --policies] REPOSITORY.git ...
#
# Builds the release binary first, or takes the one that COUNTERSIGN names. benches/README.md says what the figures mean.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${COUNTERSIGN:-}" ]; then
    manifest="$here/../Cargo.toml"
    cargo build --release --locked --manifest-path "$manifest"
    COUNTERSIGN=$(cargo metadata --locked --no-deps --format-version 1 --manifest-path "$manifest" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/countersign
fi
exec python3 "$here/compare.py" --binary "$COUNTERSIGN" "$@"

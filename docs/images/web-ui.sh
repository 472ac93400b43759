#!/usr/bin/env bash
# Takes docs/images/web-ui.png anew: a build on a kilndev of its own, then the timeline of
# its workflow page in headless Chromium. Needs bin/kiln, bin/kilndev and chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
bin/kilndev up -o json --port 0 --ui-port 0 --emulator-port 0 --log-level error >"$work/up.json" &
up=$!
trap 'kill "$up"; wait "$up" || true; rm -rf "$work"' EXIT
until [ -s "$work/up.json" ]; do kill -0 "$up"; sleep 0.1; done

field() { sed -E "s/.*\"$1\": ?\"([^\"]*)\".*/\1/" "$work/up.json"; }
export TEMPORAL_ADDRESS; TEMPORAL_ADDRESS=$(field temporalAddress)
bin/kiln build docs/examples/quickstart.yaml -o json --progress none >"$work/result.json"
run=$(sed -nE 's/.*"runId": ?"([^"]*)".*/\1/p' "$work/result.json")

chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --user-data-dir="$work/chromium" --hide-scrollbars \
  --window-size=1400,1080 --virtual-time-budget=8000 --screenshot="$PWD/docs/images/web-ui.png" \
  "$(field uiUrl)/namespaces/default/workflows/web-base/$run/timeline"

#!/usr/bin/env bash
# Makes report.png, the README's picture, of the top of example-report.html: docs/picture.sh
#
# Needs Chromium; another name or path than `chromium` is given as CHROMIUM.
set -euo pipefail
cd "$(dirname "$0")"

profile=$(mktemp --directory)
trap 'rm -rf "$profile"' EXIT
# As root, Chromium has no sandbox; the page is this repository's own.
"${CHROMIUM:-chromium}" --headless --no-sandbox --user-data-dir="$profile" --hide-scrollbars \
    --force-device-scale-factor=1 --window-size=960,860 --screenshot="$PWD/report.png" \
    "file://$PWD/example-report.html" 2>"$profile/log" || {
    cat "$profile/log" >&2
    exit 1
}

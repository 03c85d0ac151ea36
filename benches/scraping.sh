#!/usr/bin/env bash
# What being watched costs: one exporter that measures 260 endpoints by TLS each minute, and one
# Prometheus with 500 hosts that answer as such an exporter does. Needs root and the packages of
# .ci/install; makes network namespaces without a way out and removes them.
#
#   benches/scraping.sh
#
#   PATHPROOF=FILE   the program, else `cargo build --release` makes it
#   MINUTES=5        of each; the first counts for nothing
#   ENDPOINTS=260    of the exporter
#   HOSTS=500        of Prometheus
#   OF_HOST=12       endpoints of each of those hosts
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=benches/common.sh
source benches/common.sh

minutes=${MINUTES:-5}
endpoints=${ENDPOINTS:-260}
hosts=${HOSTS:-500}
of_host=${OF_HOST:-12}
prepare 16384 client server

wire
awk -v n="$endpoints" 'BEGIN { for (i = 0; i < n; i++) printf "h%d A 10.60.0.%d\n", i, 1 + i % 30 }' |
    name_server bench 10.50.1.1
web_server
# The simulated hosts answer with a page that an exporter made.
sed -i "s|^http {|http {\n    server { listen 9815 backlog=4096; location /metrics {\n        default_type text/plain; alias $work/metrics; } }|" \
    "$work/nginx.conf"
"${in_server[@]}" nsd -d -c "$work/bench.conf" &
"${in_server[@]}" nginx -g "daemon off;" -c "$work/nginx.conf" &
disown -a
wait_for_servers

# module NAME ENDPOINTS: a table of pathproof.toml.
module() {
    printf '[module.%s]\nendpoint = [' "$1"
    seq -s, -f '"tls://h%g.bench.example"' 0 $(($2 - 1))
    printf ']\nonly = "endpoint"\nproxy = "none"\nevery = "1m"\n'
    printf 'public-roots = "%s"\nca-file = "%s"\n' "$work/ca.pem" "$work/ca.pem"
}

# Of a process: seconds of processor, then its peak in memory and what it has now, MiB.
used() {
    awk -v hertz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hertz }' "/proc/$1/stat"
    awk '/^VmRSS/ { print $2 / 1024 } /^VmHWM/ { print $2 / 1024 }' "/proc/$1/status"
}

# begin PROGRAM…: in the client's namespace; its process is `begun`.
begin() {
    "${in_client[@]}" "$@" >>"$work/begun.log" 2>&1 &
    begun=$!
    disown "$begun"
}

# measured WHAT PID: waits out the first minute, then tells what the others cost.
measured() {
    local before after
    sleep 60
    mapfile -t before < <(used "$2")
    sleep $(((minutes - 1) * 60))
    mapfile -t after < <(used "$2")
    awk -v what="$1" -v a="${before[0]}" -v b="${after[0]}" -v n=$((minutes - 1)) \
        -v now="${after[2]}" -v peak="${after[1]}" 'BEGIN {
        printf "%s: %.2f s of processor a minute, %.0f MiB, at most %.0f MiB\n", \
            what, (b - a) / n, now, peak }'
}

# --- one exporter ------------------------------------------------------------------------------
module many "$endpoints" >"$work/pathproof.toml"
begin "$PATHPROOF" serve --config "$work/pathproof.toml" --quiet
exporter=$begun
measured "the exporter, $endpoints endpoints" "$exporter"
page() { "${in_client[@]}" curl --disable --silent http://127.0.0.1:9815/metrics; }
page >"$work/page"
n_passed=$(grep -c '^pathproof_endpoint_status{.*status="pass".* 1' "$work/page" || true)
echo "  its page: $(grep -vc '^#' "$work/page") series, $(stat -c %s "$work/page") bytes;" \
    "$n_passed of $endpoints endpoints pass"
kill "$exporter"
while kill -0 "$exporter" 2>/dev/null; do sleep 0.1; done

# --- one Prometheus ----------------------------------------------------------------------------
module shir "$of_host" >"$work/pathproof.toml"
begin "$PATHPROOF" serve --config "$work/pathproof.toml" --quiet
exporter=$begun
# Until the first run in the background is done, which begins within its interval.
for _ in {1..900}; do
    page >"$work/metrics" || true
    grep -q '^pathproof_endpoint_status' "$work/metrics" && break
    sleep 0.1
done
kill "$exporter"
series=$(grep -vc '^#' "$work/metrics")
mkdir "$work/prometheus"
cp deploy/prometheus/pathproof.rules.yml "$work/prometheus/"
awk -v n="$hosts" 'BEGIN {
    print "- targets:"
    for (i = 0; i < n; i++) printf "    - 10.60.%d.%d:9815\n", 1 + int(i / 250), 1 + i % 250
}' >"$work/prometheus/targets.yml"
cat >"$work/prometheus/prometheus.yml" <<END
global: { scrape_interval: 1m, scrape_timeout: 30s, evaluation_interval: 1m }
rule_files: [pathproof.rules.yml]
scrape_configs:
  - job_name: pathproof
    file_sd_configs: [{ files: [targets.yml] }]
END
begin prometheus --config.file="$work/prometheus/prometheus.yml" \
    --storage.tsdb.path="$work/prometheus/data" --web.listen-address=127.0.0.1:9090
prometheus=$begun
measured "Prometheus, $hosts hosts of $of_host endpoints ($series series each)" "$prometheus"
asked() {
    "${in_client[@]}" curl --disable --silent --get --data-urlencode "query=$1" \
        http://127.0.0.1:9090/api/v1/query |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["result"][0]["value"][1])'
}
# Prometheus does not scrape itself here.
own() { "${in_client[@]}" curl --disable --silent http://127.0.0.1:9090/metrics | awk -v n="$1" '$1 == n { print $2 }'; }
echo "  $(asked 'count(up == 1)') of $hosts hosts answer; $(own prometheus_tsdb_head_series) series in its head;" \
    "$(du -sm "$work/prometheus/data" | cut -f 1) MiB on disk after $minutes minutes"

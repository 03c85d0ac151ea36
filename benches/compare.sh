#!/usr/bin/env bash
# Measures pathproof beside curl and Prometheus's blackbox_exporter: the same names, the same
# servers, the same cores, one after the other in the same run. Needs root and the packages of
# .ci/install; makes network namespaces without a way out and removes them.
#
#   benches/compare.sh
#
#   PATHPROOF=FILE   the program, else `cargo build --release` makes it
#   NAMES=3000       endpoints
#   ROUNDS=3         of each; the median counts
#   ADDRESSES=30     that the names are spread over
#
# Ends with 1 where a target is missed.
#
# To be fair to all: the name server limits no answers (nsd does by default), nobody reuses a
# connection or a TLS session, all ask the same name server, and each must verify the certificate
# and read an answer of every name, or the round is void.
set -euo pipefail
cd "$(dirname "$0")/.."
source benches/common.sh

names=${NAMES:-3000}
rounds=${ROUNDS:-3}
addresses=${ADDRESSES:-30}
parallel=300 # of curl and of the probes of blackbox_exporter, as the targets say

# A blocked endpoint holds a descriptor until its time-out.
prepare $((names * 2 + 1024)) client server

# --- the network: two namespaces and a wire ----------------------------------------------------
wire
"${in_server[@]}" nft -f - <<<'table ip bench { chain input {
    type filter hook prerouting priority filter
    ip daddr 10.70.0.0/16 drop
}
}'

# --- names: healthy ones over some addresses, blocked ones with an address each ----------------
for ((i = 0; i < names; i++)); do echo "h$i.bench.example"; done >"$work/names"
sed s/^h/b/ "$work/names" >"$work/blocked"
awk -v n="$names" -v spread="$addresses" 'BEGIN {
    for (i = 0; i < n; i++) {
        printf "h%d A 10.60.0.%d\n", i, 1 + i % spread
        printf "b%d A 10.70.%d.%d\n", i, int(i / 250), 1 + i % 250
    }
}' | name_server bench 10.50.1.1
web_server

"${in_server[@]}" nsd -d -c "$work/bench.conf" &
"${in_server[@]}" nginx -g "daemon off;" -c "$work/nginx.conf" &
disown -a # the shell need not report their end

# --- the three ---------------------------------------------------------------------------------
run_pathproof() {
    check "$work/names" --public-roots "$work/ca.pem" --ca-file "$work/ca.pem"
    echo "$(cat "$work/time") $(grep -c '"status":"pass"' "$work/report.json")"
}

curl_config >"$work/curl.conf"

cat >"$work/blackbox.yml" <<END
modules:
  https:
    prober: http
    timeout: 30s
    http:
      preferred_ip_protocol: ip4
      fail_if_not_ssl: true
      tls_config: { ca_file: $work/ca.pem }
END
# Drivers that cost little beside it: connections kept, no TLS, and few enough for each that
# curl's loop over its sockets stays short.
drivers=10
awk -v to="$work/driver" -v n="$drivers" '{
    printf "url = \"http://127.0.0.1:9115/probe?module=https&target=https://%s/\"\n", \
        $0 >(to "-" NR % n ".conf")
}' "$work/names"
drive() { # prints the answers of the exporter to the probes of driver $1
    exec curl --silent --no-progress-meter --parallel --parallel-max $((parallel / drivers)) \
        --config "$work/driver-$1.conf" >"$work/probes-$1"
}
export -f drive
export parallel drivers work
run_blackbox() {
    # A simple command, so that `$!` is the exporter and no shell around it.
    "${in_client[@]}" prometheus-blackbox-exporter --config.file="$work/blackbox.yml" \
        --web.listen-address=127.0.0.1:9115 --log.level=error >"$work/blackbox.log" 2>&1 &
    local exporter=$!
    for _ in {1..100}; do
        "${in_client[@]}" curl -s -o "$work/alive" http://127.0.0.1:9115/-/healthy && break
        sleep 0.05
    done
    seq 0 $((drivers - 1)) |
        timed xargs --max-args=1 --max-procs="$drivers" bash -c 'drive "$0"'
    # The driver's own memory is nobody's business here; the exporter's high-water mark is.
    local peak
    peak=$(awk '/^VmHWM/ {print $2}' "/proc/$exporter/status")
    kill "$exporter"
    wait "$exporter" 2>/dev/null || true
    echo "$(cut -d ' ' -f 1 "$work/time") $peak $(cat "$work"/probes-* | grep -cx 'probe_success 1')"
}

wait_for_servers
echo "$names names at $addresses addresses, median of $rounds rounds, $(nproc) cores"
measure pathproof curl blackbox

# --- what drops every packet -------------------------------------------------------------------
check "$work/blocked" --timeout 5s
read -r blocked_seconds blocked_peak <"$work/time"
silent=$(grep -c '"status":"fail","cause":"tcp_timeout"' "$work/report.json")
if ((silent != names)); then
    echo "void: $silent of $names blocked endpoints timed out" >&2
    logs
    exit 1
fi

table "$names healthy" pathproof curl blackbox
awk -v n="$names" -v s="$blocked_seconds" -v m="$blocked_peak" \
    'BEGIN {printf "%-22s %8.2f %14s %9.0f\n", n " blocked, 5s", s, "", m / 1024}'

echo
target "times the rate of curl" "$(quotient "$(median curl 1)" "$(median pathproof 1)")" ">=" 2.5
target "times that of blackbox" "$(quotient "$(median blackbox 1)" "$(median pathproof 1)")" ">=" 1.3
target "peak MiB" "$(quotient "$(median pathproof 2)" 1024)" "<=" 100
target "seconds for blocked" "$blocked_seconds" "<=" 7
exit $((missed > 0))

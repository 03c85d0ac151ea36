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

names=${NAMES:-3000}
rounds=${ROUNDS:-3}
addresses=${ADDRESSES:-30}
parallel=300 # of curl and of the probes of blackbox_exporter, as the targets say

if [[ -z ${PATHPROOF:-} ]]; then
    cargo build --release --locked
    PATHPROOF=${CARGO_TARGET_DIR:-target}/release/pathproof
fi
PATHPROOF=$(realpath "$PATHPROOF")

# A blocked endpoint holds a descriptor until its time-out.
wanted=$((names * 2 + 1024))
hard=$(ulimit -Hn)
if [[ $hard != unlimited ]] && ((hard < wanted)); then wanted=$hard; fi
ulimit -n "$wanted"

lab=pathproof-bench-$$
client=$lab-client
server=$lab-server
work=$(mktemp --directory --tmpdir "$lab-XXXXXX")
chmod 755 "$work"

tidy_up() {
    for namespace in "$client" "$server"; do
        # Whatever runs in there was started here.
        for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -KILL "$pid" || true; done
        ip netns delete "$namespace" 2>/dev/null || true
        rm -rf "/etc/netns/$namespace"
    done
    rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
    rm -rf "$work"
}
trap tidy_up EXIT

in_client=(ip netns exec "$client")
in_server=(ip netns exec "$server")

# --- the network: two namespaces and a wire ----------------------------------------------------
ip netns add "$client"
ip netns add "$server"
ip -n "$client" link add wire type veth peer name wire netns "$server"
for namespace in "$client" "$server"; do
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link set wire up
done
ip -n "$client" address add 10.50.1.10/24 dev wire
ip -n "$server" address add 10.50.1.1/24 dev wire
ip -n "$client" route add default via 10.50.1.1
ip -n "$server" route add local 10.60.0.0/16 dev lo # every address of it is the server's
mkdir -p "/etc/netns/$client"
echo "nameserver 10.50.1.1" >"/etc/netns/$client/resolv.conf"
"${in_server[@]}" nft -f - <<<'table ip bench { chain input {
    type filter hook prerouting priority filter
    ip daddr 10.70.0.0/16 drop
}
}'

# --- names: healthy ones over some addresses, blocked ones with an address each ----------------
awk -v n="$names" -v spread="$addresses" 'BEGIN {
    print "$TTL 300\n@ SOA ns.bench.example. hostmaster.bench.example. 1 3600 600 86400 300"
    print "@ NS ns\nns A 10.50.1.1"
    for (i = 0; i < n; i++) {
        printf "h%d A 10.60.0.%d\n", i, 1 + i % spread
        printf "b%d A 10.70.%d.%d\n", i, int(i / 250), 1 + i % 250
    }
}' >"$work/bench.zone"
for ((i = 0; i < names; i++)); do echo "h$i.bench.example"; done >"$work/healthy"
sed s/^h/b/ "$work/healthy" >"$work/blocked"
cat >"$work/nsd.conf" <<END
server:
  ip-address: 10.50.1.1
  username: ""
  zonesdir: "$work"
  pidfile: ""
  xfrdfile: "$work/xfrd.state"
  zonelistfile: "$work/zone.list"
  database: ""
  logfile: "$work/nsd.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: bench.example
  zonefile: bench.zone
END

# --- certificates: ECDSA P-256, one for all names ----------------------------------------------
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${new_key[@]}" -keyout "$work/ca.key" -out "$work/ca.pem" -days 30 \
    -subj "/CN=bench root" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>"$work/openssl.log"
openssl req "${new_key[@]}" -keyout "$work/leaf.key" -out "$work/leaf.csr" \
    -subj "/CN=bench leaf" 2>>"$work/openssl.log"
openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 30 \
    -out "$work/leaf.pem" -extfile <(
        echo "subjectAltName=DNS:*.bench.example"
        echo "extendedKeyUsage=serverAuth"
        echo "basicConstraints=critical,CA:FALSE"
    ) 2>>"$work/openssl.log"

cat >"$work/nginx.conf" <<END
user root;
worker_processes auto;
worker_rlimit_nofile $wanted;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    keepalive_timeout 0;
    server {
        listen 443 ssl backlog=4096;
        ssl_certificate $work/leaf.pem;
        ssl_certificate_key $work/leaf.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        location / { default_type text/plain; return 200 "ok\n"; }
    }
}
END

"${in_server[@]}" nsd -d -c "$work/nsd.conf" &
"${in_server[@]}" nginx -g "daemon off;" -c "$work/nginx.conf" &
disown -a # the shell need not report their end

# --- the three ---------------------------------------------------------------------------------
# Each prints `SECONDS PEAK_KIB HEALTHY`.
timed() { # FILE COMMAND…: the time and the peak of resident memory
    local to=$1
    shift
    "${in_client[@]}" /usr/bin/time --quiet --format "%e %M" --output "$to" "$@" || true
}

run_pathproof() {
    timed "$work/time" "$PATHPROOF" check --format json --service-urls "$work/healthy" \
        --skip relay --skip control --skip download \
        --public-roots "$work/ca.pem" --ca-file "$work/ca.pem" \
        >"$work/report.json" 2>"$work/pathproof.log"
    echo "$(cat "$work/time") $(grep -c '"status":"pass"' "$work/report.json")"
}

{
    # Without a header that says otherwise curl keeps connections, and the others say this too.
    printf 'cacert = "%s"\nheader = "Connection: close"\nwrite-out = "%%{http_code}\\n"\n' "$work/ca.pem"
    sed 's|.*|url = "https://&/"\noutput = "/dev/null"|' "$work/healthy"
} >"$work/curl.conf"
run_curl() {
    # Without its meter, which costs more than a handshake now and then.
    timed "$work/time" curl --silent --no-progress-meter --parallel --parallel-max "$parallel" \
        --config "$work/curl.conf" >"$work/codes"
    echo "$(cat "$work/time") $(grep -cx 200 "$work/codes")"
}

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
}' "$work/healthy"
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
        timed "$work/time" xargs --max-args=1 --max-procs="$drivers" bash -c 'drive "$0"'
    # The driver's own memory is nobody's business here; the exporter's high-water mark is.
    local peak
    peak=$(awk '/^VmHWM/ {print $2}' "/proc/$exporter/status")
    kill "$exporter"
    wait "$exporter" 2>/dev/null || true
    echo "$(cut -d ' ' -f 1 "$work/time") $peak $(cat "$work"/probes-* | grep -cx 'probe_success 1')"
}

for _ in {1..100}; do
    "${in_client[@]}" curl -s --cacert "$work/ca.pem" -o "$work/alive" https://h0.bench.example/ && break
    sleep 0.05
done
cmp -s "$work/alive" <(echo ok) || {
    echo "the servers do not answer:" >&2
    cat "$work"/*.log >&2
    exit 1
}

echo "$names names at $addresses addresses, median of $rounds rounds, $(nproc) cores"
for ((round = 1; round <= rounds; round++)); do
    for program in pathproof curl blackbox; do
        result=$("run_$program")
        read -r seconds _ healthy <<<"$result"
        echo "  round $round: $program $seconds s"
        if ((healthy != names)); then
            echo "void: $program found $healthy of $names healthy" >&2
            tail -n 5 "$work"/*.log >&2
            exit 1
        fi
        echo "$result" >>"$work/$program.results"
    done
done

median() { # PROGRAM FIELD
    sort -n -k "$2,$2" "$work/$1.results" | awk -v f="$2" '{v[NR] = $f} END {print v[int((NR + 1) / 2)]}'
}

# --- what drops every packet -------------------------------------------------------------------
timed "$work/time" "$PATHPROOF" check --format json --timeout 5s --service-urls "$work/blocked" \
    --skip relay --skip control --skip download >"$work/blocked.json" 2>"$work/pathproof.log"
read -r blocked_seconds blocked_peak <"$work/time"
silent=$(grep -c '"status":"fail","cause":"tcp_timeout"' "$work/blocked.json")
if ((silent != names)); then
    echo "void: $silent of $names blocked endpoints timed out" >&2
    tail -n 5 "$work/pathproof.log" >&2
    exit 1
fi

# --- the table ---------------------------------------------------------------------------------
echo
printf '%-22s %8s %14s %9s\n' "$names healthy" seconds endpoints/s "peak MiB"
for program in pathproof curl blackbox; do
    awk -v p="$program" -v n="$names" -v s="$(median "$program" 1)" -v m="$(median "$program" 2)" \
        'BEGIN {printf "%-22s %8.2f %14.0f %9.0f\n", p, s, n / s, m / 1024}'
done
awk -v n="$names" -v s="$blocked_seconds" -v m="$blocked_peak" \
    'BEGIN {printf "%-22s %8.2f %14s %9.0f\n", n " blocked, 5s", s, "", m / 1024}'

echo
awk -v pathproof="$(median pathproof 1)" -v curl="$(median curl 1)" \
    -v blackbox="$(median blackbox 1)" -v peak="$(median pathproof 2)" -v blocked="$blocked_seconds" '
    function say(what, value, is_met, target) {
        printf "%-6s %-28s %7.2f  (target %s)\n", is_met ? "ok" : "MISSED", what, value, target
        missed += !is_met
    }
    BEGIN {
        say("times the rate of curl", curl / pathproof, curl / pathproof >= 2.5, ">= 2.5")
        say("times that of blackbox", blackbox / pathproof, blackbox / pathproof >= 1.3, ">= 1.3")
        say("peak MiB", peak / 1024, peak / 1024 <= 100, "<= 100")
        say("seconds for blocked", blocked, blocked <= 7, "<= 7")
        exit missed > 0
    }'

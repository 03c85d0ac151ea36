#!/usr/bin/env bash
# Measures pathproof beside `curl -Z -x` through one squid: the same names, one after the other in
# the same run. Needs root and the packages of .ci/install; makes network namespaces without a way
# out and removes them.
#
#   benches/proxy.sh
#
#   PATHPROOF=FILE   the program, else `cargo build --release` makes it
#   NAMES=1000       endpoints
#   ROUNDS=3         of each; the median counts
#
# Ends with 1 where a target is missed.
#
# To be fair to both: only squid can resolve the names and get to them, nobody reuses a tunnel or a
# TLS session, and each must verify the certificate and read an answer of every name, or the round
# is void. squid keeps nothing but names, and those it has learnt before the first round.
set -euo pipefail
cd "$(dirname "$0")/.."

names=${NAMES:-1000}
rounds=${ROUNDS:-3}
addresses=30 # that the names are spread over
parallel=300 # of curl, as the target says

if [[ -z ${PATHPROOF:-} ]]; then
    cargo build --release --locked
    PATHPROOF=${CARGO_TARGET_DIR:-target}/release/pathproof
fi
PATHPROOF=$(realpath "$PATHPROOF")

wanted=$((names * 4 + 1024))
hard=$(ulimit -Hn)
if [[ $hard != unlimited ]] && ((hard < wanted)); then wanted=$hard; fi
ulimit -n "$wanted"

lab=pathproof-bench-$$
client=$lab-client
middle=$lab-proxy
server=$lab-server
work=$(mktemp --directory --tmpdir "$lab-XXXXXX")
chmod 755 "$work"
install -d -o proxy "$work/squid" # squid serves as an account of its own

tidy_up() {
    for namespace in "$client" "$middle" "$server"; do
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
in_middle=(ip netns exec "$middle")
in_server=(ip netns exec "$server")

# --- the network: client, squid, server, and nothing forwards ----------------------------------
for namespace in "$client" "$middle" "$server"; do
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
done
ip -n "$client" link add wire type veth peer name inside netns "$middle"
ip -n "$server" link add wire type veth peer name outside netns "$middle"
ip -n "$client" link set wire up
ip -n "$server" link set wire up
ip -n "$middle" link set inside up
ip -n "$middle" link set outside up
ip -n "$client" address add 10.50.1.10/24 dev wire
ip -n "$client" route add default via 10.50.1.1
ip -n "$middle" address add 10.50.1.1/24 dev inside
ip -n "$middle" address add 10.50.2.1/24 dev outside
ip -n "$middle" route add default via 10.50.2.2
ip -n "$server" address add 10.50.2.2/24 dev wire
ip -n "$server" route add local 10.60.0.0/16 dev lo # every address of it is the server's
mkdir -p "/etc/netns/$client"
echo "nameserver 10.50.1.1" >"/etc/netns/$client/resolv.conf"

# --- names: the server's name server has them, the client's knows that they do not exist -------
soa='$TTL 300\n@ SOA ns.bench.example. hostmaster.bench.example. 1 3600 600 86400 300\n@ NS ns\n'
{
    printf '%bns A 10.50.2.2\n' "$soa"
    awk -v n="$names" -v spread="$addresses" \
        'BEGIN {for (i = 0; i < n; i++) printf "h%d A 10.60.0.%d\n", i, 1 + i % spread}'
} >"$work/outside.zone"
printf '%bns A 10.50.1.1\n' "$soa" >"$work/inside.zone"
for ((i = 0; i < names; i++)); do echo "h$i.bench.example"; done >"$work/names"
for view in inside:10.50.1.1 outside:10.50.2.2; do
    cat >"$work/${view%:*}.conf" <<END
server:
  ip-address: ${view#*:}
  username: ""
  zonesdir: "$work"
  pidfile: ""
  xfrdfile: "$work/${view%:*}.state"
  zonelistfile: "$work/${view%:*}.list"
  database: ""
  logfile: "$work/${view%:*}.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: bench.example
  zonefile: ${view%:*}.zone
END
done

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

# --- the servers -------------------------------------------------------------------------------
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
cat >"$work/squid.conf" <<END
visible_hostname squid.bench.example
http_port 10.50.1.1:3128
acl CONNECT method CONNECT
acl SSL_ports port 443
http_access deny CONNECT !SSL_ports
http_access allow all
dns_nameservers 10.50.2.2
hosts_file none
ipcache_size $((names * 4))
cache deny all
memory_cache_shared off
access_log none
cache_log $work/squid/cache.log
coredump_dir $work/squid
pid_filename none
pinger_enable off
max_filedescriptors $wanted
END

"${in_middle[@]}" nsd -d -c "$work/inside.conf" &
"${in_server[@]}" nsd -d -c "$work/outside.conf" &
"${in_server[@]}" nginx -g "daemon off;" -c "$work/nginx.conf" &
# Its shared memory has fixed names; with a /dev/shm of its own it meets no other squid's.
"${in_middle[@]}" sh -c 'mount -t tmpfs none /dev/shm && exec squid -N -f "$0"' "$work/squid.conf" &
disown -a # the shell need not report their end

# --- the two -----------------------------------------------------------------------------------
# Each prints `SECONDS PEAK_KIB ANSWERED`.
proxy=http://10.50.1.1:3128
timed() { # FILE COMMAND…: the time and the peak of resident memory
    local to=$1
    shift
    "${in_client[@]}" /usr/bin/time --quiet --format "%e %M" --output "$to" "$@" || true
}

run_pathproof() {
    timed "$work/time" "$PATHPROOF" check --format json --service-urls "$work/names" \
        --skip relay --skip control --skip download --proxy "$proxy" \
        --public-roots "$work/ca.pem" --ca-file "$work/ca.pem" \
        >"$work/report.json" 2>"$work/pathproof.log"
    echo "$(cat "$work/time") $(grep -c '"status":"pass"' "$work/report.json")"
}

{
    printf 'cacert = "%s"\nheader = "Connection: close"\nproxy = "%s"\n' "$work/ca.pem" "$proxy"
    printf 'write-out = "%%{http_code}\\n"\n'
    sed 's|.*|url = "https://&/"\noutput = "/dev/null"|' "$work/names"
} >"$work/curl.conf"
run_curl() {
    # Without its meter, which costs more than a handshake now and then.
    timed "$work/time" curl --disable --silent --no-progress-meter --parallel \
        --parallel-max "$parallel" --config "$work/curl.conf" >"$work/codes"
    echo "$(cat "$work/time") $(grep -cx 200 "$work/codes")"
}

for _ in {1..200}; do
    "${in_client[@]}" curl --disable -s -x "$proxy" --cacert "$work/ca.pem" -o "$work/alive" \
        https://h0.bench.example/ && break
    sleep 0.05
done
cmp -s "$work/alive" <(echo ok) || {
    echo "the servers do not answer:" >&2
    cat "$work"/*.log "$work"/squid/*.log >&2
    exit 1
}
run_curl >/dev/null # squid learns the names

echo "$names names through one squid, median of $rounds rounds, $(nproc) cores"
for ((round = 1; round <= rounds; round++)); do
    for program in pathproof curl; do
        result=$("run_$program")
        read -r seconds _ answered <<<"$result"
        echo "  round $round: $program $seconds s"
        if ((answered != names)); then
            echo "void: $program had an answer of $answered of $names" >&2
            tail -n 5 "$work"/*.log "$work"/squid/*.log >&2
            exit 1
        fi
        echo "$result" >>"$work/$program.results"
    done
done

median() { # PROGRAM FIELD
    sort -n -k "$2,$2" "$work/$1.results" | awk -v f="$2" '{v[NR] = $f} END {print v[int((NR + 1) / 2)]}'
}

echo
printf '%-22s %8s %14s %9s\n' "$names by squid" seconds endpoints/s "peak MiB"
for program in pathproof curl; do
    awk -v p="$program" -v n="$names" -v s="$(median "$program" 1)" -v m="$(median "$program" 2)" \
        'BEGIN {printf "%-22s %8.2f %14.0f %9.0f\n", p, s, n / s, m / 1024}'
done
echo
awk -v pathproof="$(median pathproof 1)" -v curl="$(median curl 1)" 'BEGIN {
    is_met = curl / pathproof >= 2
    printf "%-6s %-28s %7.2f  (target >= 2)\n", is_met ? "ok" : "MISSED", \
        "times the rate of curl", curl / pathproof
    exit !is_met
}'

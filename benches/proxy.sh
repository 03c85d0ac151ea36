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
source benches/common.sh

names=${NAMES:-1000}
rounds=${ROUNDS:-3}
addresses=30 # that the names are spread over
parallel=300 # of curl, as the target says

prepare $((names * 4 + 1024)) client proxy server
middle=$lab-proxy
in_middle=(ip netns exec "$middle")
install -d -o proxy "$work/squid" # squid serves as an account of its own

# --- the network: client, squid, server, and nothing forwards ----------------------------------
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
resolves_by 10.50.1.1

# --- names: the server's name server has them, the client's knows that they do not exist -------
for ((i = 0; i < names; i++)); do echo "h$i.bench.example"; done >"$work/names"
awk -v n="$names" -v spread="$addresses" \
    'BEGIN {for (i = 0; i < n; i++) printf "h%d A 10.60.0.%d\n", i, 1 + i % spread}' |
    name_server outside 10.50.2.2
name_server inside 10.50.1.1 </dev/null

# --- the servers -------------------------------------------------------------------------------
web_server
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
proxy=http://10.50.1.1:3128

run_pathproof() {
    check "$work/names" --proxy "$proxy" --public-roots "$work/ca.pem" --ca-file "$work/ca.pem"
    echo "$(cat "$work/time") $(grep -c '"status":"pass"' "$work/report.json")"
}

curl_config "proxy = \"$proxy\"" >"$work/curl.conf"

wait_for_servers -x "$proxy"
run_curl >/dev/null # squid learns the names

echo "$names names through one squid, median of $rounds rounds, $(nproc) cores"
measure pathproof curl
table "$names by squid" pathproof curl

echo
target "times the rate of curl" "$(quotient "$(median curl 1)" "$(median pathproof 1)")" ">=" 2
exit $((missed > 0))

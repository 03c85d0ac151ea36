# What compare.sh and proxy.sh share: the program, network namespaces without a way out, a name
# server, certificates, a web server, rounds and medians. Sourced by them, not run.
# shellcheck shell=bash

# prepare DESCRIPTORS ROLE…: the program as PATHPROOF, so many descriptors, a folder as `work`, and a
# namespace for each role as `lab-ROLE`; all of it ends with the script.
prepare() {
    wanted=$1
    shift
    if [[ -z ${PATHPROOF:-} ]]; then
        cargo build --release --locked
        PATHPROOF=${CARGO_TARGET_DIR:-target}/release/pathproof
    fi
    PATHPROOF=$(realpath "$PATHPROOF")

    local hard
    hard=$(ulimit -Hn)
    if [[ $hard != unlimited ]] && ((hard < wanted)); then wanted=$hard; fi
    ulimit -n "$wanted"

    lab=pathproof-bench-$$
    namespaces=("${@/#/$lab-}")
    work=$(mktemp --directory --tmpdir "$lab-XXXXXX")
    chmod 755 "$work"
    trap tidy_up EXIT
    local namespace
    for namespace in "${namespaces[@]}"; do
        ip netns add "$namespace"
        ip -n "$namespace" link set lo up
    done
    client=$lab-client
    server=$lab-server
    in_client=(ip netns exec "$client")
    in_server=(ip netns exec "$server")
}

tidy_up() {
    local namespace pid
    for namespace in "${namespaces[@]}"; do
        # Whatever runs in there was started here.
        for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -KILL "$pid" || true; done
        ip netns delete "$namespace" 2>/dev/null || true
        rm -rf "/etc/netns/$namespace"
    done
    rmdir --ignore-fail-on-non-empty /etc/netns 2>/dev/null || true
    rm -rf "$work"
}

# resolves_by ADDRESS: the client's name server.
resolves_by() {
    mkdir -p "/etc/netns/$client"
    echo "nameserver $1" >"/etc/netns/$client/resolv.conf"
}

# wire: from the client to the server, who answers at 10.50.1.1 and at all of 10.60.0.0/16, and whose
# name server the client asks.
wire() {
    ip -n "$client" link add wire type veth peer name wire netns "$server"
    ip -n "$client" link set wire up
    ip -n "$server" link set wire up
    ip -n "$client" address add 10.50.1.10/24 dev wire
    ip -n "$server" address add 10.50.1.1/24 dev wire
    ip -n "$client" route add default via 10.50.1.1
    ip -n "$server" route add local 10.60.0.0/16 dev lo # every address of it is the server's
    resolves_by 10.50.1.1
}

# name_server NAME ADDRESS <RECORDS: NAME.conf for an nsd that listens there and serves
# bench.example with these records. It limits no answers, as nsd does by default.
name_server() {
    local name=$1 address=$2
    {
        printf '$TTL 300\n@ SOA ns.bench.example. hostmaster.bench.example. 1 3600 600 86400 300\n'
        printf '@ NS ns\nns A %s\n' "$address"
        cat
    } >"$work/$name.zone"
    cat >"$work/$name.conf" <<END
server:
  ip-address: $address
  username: ""
  zonesdir: "$work"
  pidfile: ""
  xfrdfile: "$work/$name.state"
  zonelistfile: "$work/$name.list"
  database: ""
  logfile: "$work/$name.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: bench.example
  zonefile: $name.zone
END
}

# web_server: ECDSA P-256 certificates, one for all names, and nginx.conf for them, without resumed
# sessions or kept connections.
web_server() {
    local new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
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
}

# logs: what every server has written.
logs() {
    tail -n 20 $(find "$work" -name '*.log') >&2
}

# wait_for_servers OPTION…: until curl with these options has an answer of the first name.
wait_for_servers() {
    local _
    for _ in {1..200}; do
        "${in_client[@]}" curl --disable -s "$@" --cacert "$work/ca.pem" -o "$work/alive" \
            https://h0.bench.example/ && break
        sleep 0.05
    done
    cmp -s "$work/alive" <(echo ok) || {
        echo "the servers do not answer:" >&2
        logs
        exit 1
    }
}

# timed COMMAND…: in the client's namespace; the time and the peak of resident memory, as
# `SECONDS KIB`, go to the file `time`.
timed() {
    "${in_client[@]}" /usr/bin/time --quiet --format "%e %M" --output "$work/time" "$@" || true
}

# check FILE OPTION…: pathproof's report.json of the names in FILE.
check() {
    local file=$1
    shift
    timed "$PATHPROOF" check --format json --service-urls "$file" \
        --skip relay --skip control --skip download "$@" \
        >"$work/report.json" 2>"$work/pathproof.log"
}

# curl_config LINE…: what curl does with every name of the file `names`. Without a header that says
# otherwise curl keeps connections, and the others say this too.
curl_config() {
    printf 'cacert = "%s"\nheader = "Connection: close"\n' "$work/ca.pem"
    printf '%s\n' "$@"
    printf 'write-out = "%%{http_code}\\n"\n'
    sed 's|.*|url = "https://&/"\noutput = "/dev/null"|' "$work/names"
}

# run_curl: all names by curl.conf, in parallel; prints `SECONDS PEAK_KIB ANSWERED`.
run_curl() {
    # Without its meter, which costs more than a handshake now and then.
    timed curl --disable --silent --no-progress-meter --parallel --parallel-max "$parallel" \
        --config "$work/curl.conf" >"$work/codes"
    echo "$(cat "$work/time") $(grep -cx 200 "$work/codes")"
}

# measure PROGRAM…: rounds of `run_PROGRAM`, each of which prints `SECONDS PEAK_KIB ANSWERED`. A
# round in which a name has no answer is void.
measure() {
    local round program result seconds answered
    for ((round = 1; round <= rounds; round++)); do
        for program in "$@"; do
            result=$("run_$program")
            read -r seconds _ answered <<<"$result"
            echo "  round $round: $program $seconds s"
            if ((answered != names)); then
                echo "void: $program had an answer of $answered of $names" >&2
                logs
                exit 1
            fi
            echo "$result" >>"$work/$program.results"
        done
    done
}

median() { # PROGRAM FIELD
    sort -n -k "$2,$2" "$work/$1.results" | awk -v f="$2" '{v[NR] = $f} END {print v[int((NR + 1) / 2)]}'
}

# table TITLE PROGRAM…: the medians.
table() {
    printf '\n%-22s %8s %14s %9s\n' "$1" seconds endpoints/s "peak MiB"
    shift
    local program
    for program in "$@"; do
        awk -v p="$program" -v n="$names" -v s="$(median "$program" 1)" -v m="$(median "$program" 2)" \
            'BEGIN {printf "%-22s %8.2f %14.0f %9.0f\n", p, s, n / s, m / 1024}'
    done
}

# target WHAT VALUE OPERATOR BOUND: a line that says whether it is met; `missed` counts those that
# are not.
missed=0
target() {
    awk -v what="$1" -v value="$2" -v operator="$3" -v bound="$4" 'BEGIN {
        is_met = operator == ">=" ? value >= bound : value <= bound
        printf "%-6s %-28s %7.2f  (target %s %s)\n", is_met ? "ok" : "MISSED", what, value, operator, bound
        exit !is_met
    }' || missed=$((missed + 1))
}

quotient() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN {print a / b}'
}

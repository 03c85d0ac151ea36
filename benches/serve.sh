#!/usr/bin/env bash
# The exporter held at five times --max-probes: what is above the limit is answered with 503, how
# fast, and whether it recovers at once; then it is scraped while what it measures comes and goes.
# Memory, descriptors and tasks are printed at the beginning, in between and at the end.
#
#   benches/serve.sh [SECONDS_HELD [SECONDS_SCRAPED]]
#
# Everything is in a network namespace without a way out. PATHPROOF=… tries a program that is built.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=benches/common.sh
source benches/common.sh
prepare 65536 client server

python3 - <<'PYTHON' >"$work/pathproof.toml"
common = 'only = "endpoint"\nresolver = "127.0.0.1:1"\nproxy = "none"\ntimeout = "1s"\n'
print('[module.slow]\nendpoint = "tls://127.0.0.1:7001"\n' + common)
print('[module.quick]\nendpoint = "tcp://127.0.0.1:7002"\n' + common)
many = ", ".join(f'"tcp://127.0.1.{1 + n % 250}:{7002 + n // 250}"' for n in range(260))
print(f'[module.many]\nendpoint = [{many}]\nevery = "5s"\n' + common)
PYTHON
"${in_client[@]}" "$PATHPROOF" serve --config "$work/pathproof.toml" --max-probes 32 --quiet &
"${in_client[@]}" python3 - "${1:-60}" "${2:-60}" <<'PYTHON'
import http.client, socket, statistics, sys, threading, time

held, scraped = float(sys.argv[1]), float(sys.argv[2])
EXPORTER = ("127.0.0.1", 9815)

def ask(path):
    connection = http.client.HTTPConnection(*EXPORTER, timeout=60)
    begun = time.monotonic()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, time.monotonic() - begun, body

def own():
    names = ("process_resident_memory_bytes", "process_open_fds", "pathproof_tasks",
             "pathproof_connections", "process_cpu_seconds_total")
    lines = dict(line.rsplit(" ", 1) for line in ask("/metrics")[2].splitlines() if line[0] != "#")
    memory, fds, tasks, connections, cpu = (float(lines[name]) for name in names)
    return f"{memory / 2**20:6.1f} MiB, {fds:4.0f} descriptors, {tasks:4.0f} tasks, " \
           f"{connections:3.0f} connections, {cpu:7.2f} s of processor"

def silent():
    """Accepts, and says nothing."""
    listener = socket.create_server(("127.0.0.1", 7001), backlog=1024)
    kept = []
    while True:
        kept.append(listener.accept()[0])
        del kept[:-2000]

threading.Thread(target=silent, daemon=True).start()
for _ in range(100):
    try:
        ask("/-/ready")
        break
    except OSError:
        time.sleep(0.1)
time.sleep(6)
print("before:     ", own())

# Five times the limit, all the time.
end, times, lock = time.monotonic() + held, {200: [], 503: []}, threading.Lock()
def hold():
    while time.monotonic() < end:
        status, took, _ = ask("/probe?module=slow")
        with lock:
            times.setdefault(status, []).append(took)
        # As a scraper that obeys Retry-After.
        if status == 503:
            time.sleep(1)
threads = [threading.Thread(target=hold) for _ in range(5 * 32)]
for thread in threads: thread.start()
time.sleep(held / 2)
print("held:       ", own())
for thread in threads: thread.join()
for status, all_of in sorted(times.items()):
    if all_of:
        all_of.sort()
        print(f"{status}: {len(all_of)} answers, median {statistics.median(all_of) * 1000:.1f} ms, "
              f"99 of 100 within {all_of[len(all_of) * 99 // 100] * 1000:.1f} ms")
status, took, _ = ask("/probe?module=quick")
print(f"afterwards: {status} in {took * 1000:.1f} ms;", own())
assert status == 200 and set(times) == {200, 503}, times.keys()
assert statistics.median(times[503]) < 0.05, "a refusal takes longer than 50 ms"

# What is measured comes and goes.
end, listener, round_ = time.monotonic() + scraped, None, 0
while time.monotonic() < end:
    round_ += 1
    if listener is None:
        listener = socket.create_server(("127.0.0.1", 7002), backlog=1024)
    else:
        listener.close()
        listener = None
    for _ in range(20):
        assert ask("/probe?module=quick")[0] == 200
        time.sleep(0.05)
    if round_ % 10 == 0:
        print(f"{scraped - (end - time.monotonic()):6.0f} s:    ", own())
print("end:        ", own())
PYTHON

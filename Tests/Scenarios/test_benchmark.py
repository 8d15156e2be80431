"""The benchmark measures what it says: its load driver on loopback, what is declared, and what becomes of the figures."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for room in ("Common", "Tunnel", "Waypoint", "Names"):
    sys.path.insert(0, str(ROOT / "Benchmarks" / room))

import resources  # noqa: E402
from asking import Round, counts  # noqa: E402
from bench_run import merge  # noqa: E402
from measures import Samples  # noqa: E402
from names_table import TABLE as NAMES  # noqa: E402
from tunnel_table import TABLE as TUNNEL  # noqa: E402
from waypoint_table import TABLE as WAYPOINT  # noqa: E402

#: What docs/performance.json is read for by others.
CONTRACT = """
    tunnel.rps1 tunnel.rps64 tunnel.rps512 tunnel.p99_64 tunnel.cpu_per_req64 tunnel.conns_pooled tunnel.conns_fresh
    tunnel.cpu_per_conn tunnel.bulk_up tunnel.bulk_down tunnel.cpu_per_gb tunnel.policy1000
    size.idle_rss size.idle_anon size.per_idle_tunnel size.idle_cpu
    waypoint.h1_rps64 waypoint.h2_rps64 waypoint.p99_64 waypoint.routes1000 waypoint.idle_rss dns.qps
""".split()
PORTS = (29_400, 29_401, 29_402)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    program = tmp_path_factory.mktemp("driver") / "driver"
    sources = sorted(map(str, (ROOT / "Benchmarks" / "Tunnel").glob("*.c")))
    flags = ["-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", str(program), *sources], check=True)
    return program


@pytest.fixture(scope="module")
def server(driver):
    ports = ",".join(map(str, PORTS))
    process = subprocess.Popen([str(driver), "serve", f"ports={ports}"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def load(driver: Path, *words: str) -> subprocess.CompletedProcess:
    command = [str(driver), *words, "address=127.0.0.1", "seconds=0.1", "warm=0.02"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("words", "counted"),
    [
        (("rr", f"ports={PORTS[0]}", "connections=16"), "count"),
        (("conn", f"ports={PORTS[0]}", "connections=2"), "count"),
        (("up", f"ports={PORTS[1]}"), "bytes"),
        (("down", f"ports={PORTS[2]}"), "bytes"),
    ],
)
def test_each_kind_of_load_is_counted(driver, server, words, counted):
    done = load(driver, *words, f"processes={server.pid}")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result[counted] > 0
    assert (result["errors"], done.stderr) == (0, "")
    assert 0.1 <= result["seconds"] < 5
    assert 0 < result["processorSeconds"] <= result["seconds"] * 1.1
    assert result["p50"] <= result["p99"] <= result["p999"]
    if words[0] == "conn":
        assert result["opened"] >= result["count"]


def test_latency_is_what_the_client_waits_for(driver):
    """An application that takes its time: 20 ms for each answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        # The driver goes in the middle of an exchange.
        with connection, contextlib.suppress(ConnectionError):
            while sent := connection.recv(100, socket.MSG_WAITALL):
                time.sleep(0.02)
                connection.sendall(sent)

    thread = threading.Thread(target=answer)
    thread.start()
    done = load(driver, "rr", f"ports={listener.getsockname()[1]}", "size=100")
    thread.join()
    listener.close()
    result = json.loads(done.stdout)
    assert 20_000 <= result["p50"] < 200_000
    assert 1 <= result["count"] <= 6


def test_the_driver_notices_wrong_bytes(driver):
    """An application that changes one byte: the run has no result."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            sent = bytearray(connection.recv(1024, socket.MSG_WAITALL))
            sent[500] ^= 1
            connection.sendall(sent)
            connection.recv(1)

    thread = threading.Thread(target=answer)
    thread.start()
    done = load(driver, "rr", f"ports={listener.getsockname()[1]}")
    thread.join()
    listener.close()
    assert (done.returncode, done.stdout) == (1, "")
    assert "other bytes came back" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rr", "ports=1"), "refused"),
        (("rr", f"ports={PORTS[0]}", "connections=0"), "connections=0 is not a number from 1 to"),
        (("rr", f"ports={PORTS[0]}", "conections=1"), "conections is no option"),
        (("rr",), "rr needs ports=PORT"),
        (("serve", "ports=1,2"), "serve needs ports=ECHO,SINK,SOURCE"),
        (("rrr", "ports=1"), "rrr is no mode"),
    ],
)
def test_the_driver_says_what_is_wrong(driver, words, said):
    done = load(driver, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_ratios_are_of_rounds_of_the_same_pair():
    samples = Samples()
    # A machine that gets slower: the medians alone would say 10 / 6.
    for ours, theirs in ((20, 10), (10, 6), (4, 2)):
        samples.add("tulle", "tunnel.rps64", "requests/s", ours)
        samples.add("envoy", "tunnel.rps64", "requests/s", theirs)
    [entry] = samples.entries()
    assert entry == {
        "metric": "tunnel.rps64", "peer": "envoy", "unit": "requests/s", "tulle": 10, "peer_value": 6,
        "ratio": {"min": 1.667, "median": 2, "max": 2}, "pairs": 3,
    }
    samples.add("tulle", "tunnel.rps64", "requests/s", 1)
    with pytest.raises(RuntimeError, match="4 rounds of ours, 3 of envoy's"):
        samples.entries()


def test_the_page_says_what_is_met_and_missed(tmp_path):
    assert set(CONTRACT) <= {*TUNNEL.rows, *WAYPOINT.rows, *NAMES.rows}

    def entry(metric: str, ours: float, ratio: float) -> dict:
        spread = {"min": ratio, "median": ratio, "max": ratio}
        return {"metric": metric, "unit": "x", "tulle": ours, "peer_value": 1, "ratio": spread}

    file = tmp_path / "page.md"
    file.write_text(f"before\n{TUNNEL.start}\nold\n{TUNNEL.end}\nafter\n")
    entries = [entry("tunnel.rps64", 2, 1.99), entry("tunnel.p99_64", 1, 0.6), entry("size.idle_rss", 8.1, 0.1)]
    TUNNEL.write(file, entries, "about")
    text = file.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    verdicts = {line.split("`")[1]: line.split("|")[-2].strip() for line in text.splitlines() if "`" in line}
    assert verdicts == {"tunnel.rps64": "**missed**", "tunnel.p99_64": "met", "size.idle_rss": "**missed**"}


def test_figures_of_other_rooms_stay(tmp_path):
    file = tmp_path / "performance.json"
    file.write_text(json.dumps([{"metric": "waypoint.h1_rps64"}, {"metric": "tunnel.gone"}]))
    merge(file, [{"metric": "tunnel.rps1"}, {"metric": "size.idle_rss"}])
    names = [each["metric"] for each in json.loads(file.read_text())]
    assert names == ["tunnel.rps1", "size.idle_rss", "waypoint.h1_rps64"]


H2LOAD = """
requests: 20 total, 20 started, 20 done, 17 succeeded, 1 failed, 1 errored, 0 timeout
status codes: 15 2xx, 0 3xx, 2 4xx, 2 5xx
"""


def test_requests_that_went_wrong_are_seen():
    assert counts(H2LOAD) == (15, 5)
    with pytest.raises(RuntimeError, match="something else than usual"):
        counts("finished in 3.00s")
    slow = Round(rate=1, cost=1, latencies=list(range(100)))
    assert (slow.latency(0.5), slow.latency(0.99), slow.latency(1)) == (50, 99, 99)


def test_the_request_fits_the_last_of_a_thousand_routes():
    resources_declared = resources.declared(list(resources.SERVICES), "10.91.0.2", "{}")
    routes = [each for each in resources_declared if each["kind"] == "HTTPRoute"]
    of_thousand = [each["spec"]["rules"] for each in routes if each["metadata"]["name"].startswith("thousand-")]
    values = [rule["matches"][0]["headers"][0]["value"] for rules in of_thousand for rule in rules]
    assert len(set(values)) == len(values) == 1_000
    assert max(map(len, of_thousand)) <= 16
    assert resources.request_headers("thousand", "") == {resources.HEADER: values[-1]}
    # Routes of one age go by their names.
    names = [each["metadata"]["name"] for each in routes]
    assert names == sorted(names, key=lambda name: (list(resources.ROUTES).index(name.split("-")[0]), name))

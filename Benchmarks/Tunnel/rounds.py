"""The rounds of the benchmark: what is done over a lab, and which metrics come of it."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from labs import ECHO, SERVER, EnvoyLab, Lab, TulleLab
from handshake import Agreement
from measures import Samples, memory_kib, processor_milliseconds, wake_ups
from bench_run import Plan
from meshes import KnowingLab, make_mesh

#: Connections under way at a time where they come and go.
IN_FLIGHT = 8
#: Connections that are held idle, and that many times as many. More at once than ztunnel lets wait for one peer would fail.
HELD = 1_000
TIMES = 10
#: Workloads of a large mesh.
KNOWN = 10_000
POLICY_RULES = 1_000
LABS = {"tulle": TulleLab, "envoy": EnvoyLab}


def _lab(plan: Plan, peer: str, **more) -> Lab:
    return LABS[peer](plan.driver, plan.threads, **more)


def measure(plan: Plan, samples: Samples) -> dict[str, Agreement]:
    """The whole run. Returns what TLS each peer had."""
    agreements = _tunnels(plan, samples)
    _fresh(plan, samples)
    _policies(plan, samples)
    _idle(plan, samples)
    _knowledge(plan, samples)
    return agreements


def _tunnels(plan: Plan, samples: Samples) -> dict[str, Agreement]:
    with ExitStack() as stack:
        labs = {peer: stack.enter_context(_lab(plan, peer)) for peer in LABS}
        agreements = {peer: lab.agreement for peer, lab in labs.items()}
        if len({agreement.group for agreement in agreements.values()}) > 1:
            raise RuntimeError(f"the two peers exchange keys in different ways: {agreements}")
        for pair in range(plan.pairs):
            plan.say(f"requests, connections and bulk, pair {pair + 1} of {plan.pairs}")
            bulk: dict[str, list[dict]] = {peer: [] for peer in LABS}
            for connections in (1, 64, 512):
                for peer in plan.order(pair):
                    _requests(plan, samples, peer, labs[peer], connections)
            for peer in plan.order(pair):
                _connections(plan, samples, peer, labs[peer])
            for mode in ("up", "down"):
                for peer in plan.order(pair):
                    done = labs[peer].load(mode, plan.seconds)
                    samples.add(peer, f"tunnel.bulk_{mode}", "MB/s", done["bytes"] / done["seconds"] / 1e6)
                    samples.add(peer, f"tunnel.cpu_per_gb_{mode}", "CPU s/GB", _per_gigabyte([done]))
                    bulk[peer].append(done)
            for peer, both in bulk.items():
                samples.add(peer, "tunnel.cpu_per_gb", "CPU s/GB", _per_gigabyte(both))
    return agreements


def _per_gigabyte(done: list[dict]) -> float:
    return sum(each["processorSeconds"] for each in done) / sum(each["bytes"] for each in done) * 1e9


def _requests(plan: Plan, samples: Samples, peer: str, lab: Lab, connections: int) -> None:
    done = lab.load("rr", plan.seconds, connections=connections, size=1024)
    samples.add(peer, f"tunnel.rps{connections}", "requests/s", done["count"] / done["seconds"])
    for name in ("p50", "p99", "p999"):
        samples.add(peer, f"tunnel.{name}_{connections}", "µs", done[name])
    samples.add(peer, f"tunnel.cpu_per_req{connections}", "CPU µs", done["processorSeconds"] / done["count"] * 1e6)


def _connect(plan: Plan, lab: Lab) -> dict:
    """Connections through the tunnel, and a look at the kernel's count: were the tunnels shared, or fresh?"""
    before = lab.opened()
    done = lab.load("conn", plan.seconds, connections=IN_FLIGHT)
    share = (lab.opened() - before) / done["opened"] - 1
    if lab.is_fresh and share < 0.9 or not lab.is_fresh and share > 0.1:
        raise RuntimeError(f"{lab.name} made {share:.2f} tunnels for each connection")
    return done


def _connections(plan: Plan, samples: Samples, peer: str, lab: Lab) -> None:
    done = _connect(plan, lab)
    samples.add(peer, "tunnel.conns_pooled", "connections/s", done["count"] / done["seconds"])
    samples.add(peer, "tunnel.cpu_per_conn", "CPU µs", done["processorSeconds"] / done["count"] * 1e6)


def _fresh(plan: Plan, samples: Samples) -> None:
    with ExitStack() as stack:
        labs = {peer: stack.enter_context(_lab(plan, peer, is_fresh=True)) for peer in LABS}
        for pair in range(plan.pairs):
            plan.say(f"connections in tunnels of their own, pair {pair + 1} of {plan.pairs}")
            for peer in plan.order(pair):
                # ztunnel lets go of what the last round left only after a while; then its tunnels are new again.
                time.sleep(2.5)
                done = _connect(plan, labs[peer])
                samples.add(peer, "tunnel.conns_fresh", "connections/s", done["count"] / done["seconds"])
                samples.add(peer, "tunnel.cpu_per_conn_fresh", "CPU µs", done["processorSeconds"] / done["count"] * 1e6)


def _policies(plan: Plan, samples: Samples) -> None:
    with ExitStack() as stack:
        labs = {
            (peer, rules): stack.enter_context(_lab(plan, peer, rules=rules))
            for peer in LABS for rules in (0, POLICY_RULES)
        }
        for pair in range(plan.pairs):
            plan.say(f"connections under {POLICY_RULES:,} rules, pair {pair + 1} of {plan.pairs}")
            for peer in plan.order(pair):
                rates, costs = {}, {}
                for rules in (0, POLICY_RULES) if pair % 4 < 2 else (POLICY_RULES, 0):
                    done = _connect(plan, labs[peer, rules])
                    rates[rules] = done["count"] / done["seconds"]
                    costs[rules] = done["processorSeconds"] / done["count"]
                samples.add(peer, "tunnel.policy1000", "of the rate without", rates[POLICY_RULES] / rates[0])
                samples.add(peer, "tunnel.policy1000_cpu", "of the CPU without", costs[POLICY_RULES] / costs[0])


def _idle(plan: Plan, samples: Samples) -> None:
    """Fresh processes for each pair, both peers at once: they do nothing that could disturb the other."""
    for pair in range(plan.pairs):
        plan.say(f"idle, pair {pair + 1} of {plan.pairs}")
        with ExitStack() as stack:
            labs = {peer: stack.enter_context(_lab(plan, peer)) for peer in plan.order(pair)}
            # Long enough for what either of them does by itself once it is quiet.
            settle = min(6.0, plan.idle_seconds)
            time.sleep(settle)
            _silence(plan, samples, labs)
            bases = {}
            for lab in labs.values():
                # Everything that a first connection brings along is no part of what the thousandth costs.
                lab.load("rr", 0.2, connections=1, size=1024)
            time.sleep(settle)
            for peer, lab in labs.items():
                bases[peer] = [memory_kib(pid, "Anonymous") for pid in lab.pids]
            for times, name in ((1, ""), (TIMES, "_10k")):
                for lab in labs.values():
                    for _ in range(times if times == 1 else times - 1):
                        stack.enter_context(_Held(lab))
                time.sleep(settle)
                for peer, lab in labs.items():
                    grown = [memory_kib(pid, "Anonymous") - base for pid, base in zip(lab.pids, bases[peer])]
                    samples.add(peer, f"size.per_idle_tunnel{name}", "KiB", max(grown) / HELD / times)
            for peer, lab in labs.items():
                samples.add(peer, "size.rss_10k_tunnels", "MiB", max(memory_kib(pid, "Rss") for pid in lab.pids) / 1024)


def _knowledge(plan: Plan, samples: Samples) -> None:
    """A client's proxy in a large mesh: ours told all, or only what it asked for; Envoy has no other way than all."""
    with tempfile.TemporaryDirectory() as directory:
        plane = make_mesh(Path(directory), KNOWN)
        for pair in range(plan.pairs):
            plan.say(f"{KNOWN:,} workloads, pair {pair + 1} of {plan.pairs}")
            settle = min(6.0, plan.idle_seconds)
            with EnvoyLab(plan.driver, plan.threads, known=KNOWN) as lab:
                time.sleep(settle)
                theirs = memory_kib(lab.pids[1], "Rss") / 1024
            for is_on_demand, name in ((True, "on_demand"), (False, "pushed")):
                with KnowingLab(plane, plan.threads, is_on_demand) as lab:
                    time.sleep(settle)
                    ours = statistics.median(lab.resident_kib() for _ in range(5)) / 1024
                    lab.check()
                samples.add("tulle", f"size.rss_10k_{name}", "MiB", ours)
                samples.add("envoy", f"size.rss_10k_{name}", "MiB", theirs)


def _silence(plan: Plan, samples: Samples, labs: dict[str, Lab]) -> None:
    """Memory and processor time of processes that have nothing to do; of the two hops, the larger figure."""
    taken: dict[tuple, list[int]] = {}
    before = {(peer, pid): processor_milliseconds(pid) for peer, lab in labs.items() for pid in lab.pids}
    asleep = {key: wake_ups(key[1]) for key in before}
    began = time.monotonic()
    time.sleep(plan.idle_seconds)
    passed = time.monotonic() - began
    used = {key: (processor_milliseconds(key[1]) - value) * 10 / passed for key, value in before.items()}
    woken = {key: (wake_ups(key[1]) - value) / passed for key, value in asleep.items()}
    # Now, as reading smaps costs the process time that would be counted for it.
    for _ in range(5):
        for peer, lab in labs.items():
            for pid in lab.pids:
                for name in ("Rss", "Anonymous"):
                    taken.setdefault((peer, pid, name), []).append(memory_kib(pid, name))
        time.sleep(min(0.45, plan.idle_seconds / 10))
    for peer, lab in labs.items():
        for metric, name in (("size.idle_rss", "Rss"), ("size.idle_anon", "Anonymous")):
            largest = max(statistics.median(taken[peer, pid, name]) for pid in lab.pids)
            samples.add(peer, metric, "MiB", largest / 1024)
        samples.add(peer, "size.idle_cpu", "CPU ms per 10 s", max(used[peer, pid] for pid in lab.pids))
        samples.add(peer, "size.idle_wakeups", "per second", max(woken[peer, pid] for pid in lab.pids))


class _Held:
    """A thousand connections through a lab's tunnel that each carried a byte and now do nothing."""

    def __init__(self, lab: Lab):
        command = [
            "ip", "netns", "exec", lab.client, str(lab.driver), "hold", f"address={SERVER}", f"ports={ECHO}",
            f"connections={HELD}", "seconds=0.01", "warm=0",
        ]
        self.lab = lab
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self) -> "_Held":
        # The driver gives up by itself after 30 s.
        line = self.process.stdout.readline()
        if not line or json.loads(line)["held"] != HELD:
            said = self.process.communicate()[1].decode(errors="replace").strip()
            raise RuntimeError(f"{HELD} idle connections over {self.lab.name}: {said}")
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

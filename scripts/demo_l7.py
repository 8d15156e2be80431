#!/usr/bin/env python3
"""The L7 walkthrough: a canary, a route by header, a policy by method, faults and retries, in a lab of its own.

Everything is declared with `tulle apply` from examples/l7, as a person would; the lab is removed at the end."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/Scenarios"))
for variable, name in (
    ("TULLE_ZTUNNEL", "ztunnel"), ("TULLE_WAYPOINT", "waypoint"), ("TULLE_TULLED", "tulled"), ("TULLE_CLI", "tulle"),
    ("TULLE_LAB", "tulle-lab"),
):
    os.environ.setdefault(variable, str(ROOT / "out" / name))

from definitions import workload  # noqa: E402
from mesh import NAMESPACE  # noqa: E402
from waypoint_mesh import WAYPOINT, WaypointMesh  # noqa: E402

URL = f"http://app.{NAMESPACE}"


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def say(text: str) -> None:
    print(f"• {text}", flush=True)


def must(condition: bool, text: str) -> None:
    if not condition:
        print(f"✗ {text}", file=sys.stderr)
        sys.exit(1)


def apply(mesh: WaypointMesh, name: str) -> None:
    path = ROOT / "examples/l7" / name
    mesh.tulle_in("apply", "-f", str(path))
    say(f"tulle apply -f examples/l7/{name}")


def delete(mesh: WaypointMesh, name: str) -> None:
    mesh.tulle_in("delete", "-f", str(ROOT / "examples/l7" / name))
    say(f"tulle delete -f examples/l7/{name}")


def tally(mesh: WaypointMesh, count: int, url: str = URL, *options: str) -> dict[str, int]:
    """Who answered, or with which error, over many requests."""
    marker = "%{http_code} %header{x-who}\\n"
    script = f"for i in $(seq {count}); do curl -s -o /dev/null -w '{marker}' {' '.join(options)} {url}/; done"
    counts: dict[str, int] = {}
    for line in mesh.exec("shell", "sh", "-c", script, seconds=120).stdout.splitlines():
        code, _, who = line.partition(" ")
        key = who if code == "200" else f"HTTP {code}"
        counts[key] = counts.get(key, 0) + 1
    return counts


def shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} × {who}" for who, count in sorted(counts.items(), key=lambda item: -item[1]))


def play(mesh: WaypointMesh) -> None:
    title("An application in two versions, a client, and a waypoint between them")
    mesh.make_service("shell", mesh.make_role("shell"), [workload("shell", "idle")])
    mesh.enrol("shell", "shell", "appmesh")
    for name in ("app", "app-v1", "app-v2"):
        mesh.make_app(name)
    mesh.make_waypoint()
    for service in ("shell", "app", "app-v1", "app-v2"):
        mesh.wait_enrolled(service)
    mesh.wait_healthy(WAYPOINT)
    say("services app, app-v1, app-v2, shell: tasks with a ztunnel each; service waypoint: a task without")
    apply(mesh, "waypoint.yaml")
    mesh.wait("the waypoint to stand before app", lambda: "x-request-id" in mesh.curl(URL).body, 60)
    say(f"shell$ curl {URL}/ → {mesh.curl(URL).name}, and the waypoint gave the request an id")

    title("1. A canary: one request in ten for the new version")
    apply(mesh, "canary.yaml")
    mesh.until("the canary", lambda: mesh.curl(URL).name != "app")
    counts = tally(mesh, 300)
    say(f"300 requests: {shown(counts)}")
    must(10 <= counts.get("app-v2", 0) <= 60, "app-v2 did not get about a tenth")

    title("2. A route by header: testers get the new version, nobody else")
    apply(mesh, "header.yaml")
    mesh.until("the route", lambda: set(tally(mesh, 10)) == {"app-v1"})
    say(f"20 requests: {shown(tally(mesh, 20))}")
    testers = tally(mesh, 20, URL, "-H", "'x-tester: yes'")
    say(f"20 requests with x-tester: yes: {shown(testers)}")
    must(set(testers) == {"app-v2"}, "testers did not get app-v2")

    title("3. A policy by method: nobody may write")
    apply(mesh, "read-only.yaml")
    mesh.until("the policy", lambda: mesh.curl(URL, "-X", "POST").status == 403)
    denied = mesh.curl(URL, "-X", "POST")
    say(f"shell$ curl -X POST {URL}/ → HTTP {denied.status}, {denied.body.strip()}")
    say(f"shell$ curl {URL}/ → HTTP {mesh.curl(URL).status}")
    delete(mesh, "read-only.yaml")
    delete(mesh, "header.yaml")

    title("4. Faults on purpose, to see what clients do with them")
    other = f"http://app-v1.{NAMESPACE}"
    apply(mesh, "fault.yaml")
    mesh.until("the faults", lambda: "HTTP 503" in tally(mesh, 20, other))
    say(f"100 requests to app-v1: {shown(tally(mesh, 100, other))}")

    title("5. Retries: an application that fails twice answers all the same")
    apply(mesh, "retry.yaml")
    mesh.until("the retries", lambda: set(tally(mesh, 10, other)) == {"app-v1"})
    stamp = time.time_ns()
    answer = mesh.curl(f"{other}/fail/2/{stamp}")
    say(f"shell$ curl {other}/fail/2/… → HTTP {answer.status}: the application said 503 twice, the client saw neither")
    must(answer.status == 200, "the request was not tried again")

    title("What the waypoint has counted")
    for code, count in sorted(mesh.requests_by("response_code").items()):
        say(f"istio_requests_total{{response_code=\"{code}\"}} {count}")


def main() -> None:
    if os.geteuid() != 0:
        print("demo-l7: tasks get network namespaces here, which takes root", file=sys.stderr)
        sys.exit(77)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tulle-l7-") as directory:
        with WaypointMesh(Path(directory), number=8) as mesh:
            play(mesh)
    title(f"Done in {time.monotonic() - started:.0f} s; the lab is gone.")


main()

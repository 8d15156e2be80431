from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from definitions import workload  # noqa: E402, F401
from mesh import NAMESPACE, Mesh  # noqa: E402


@pytest.fixture(scope="session")
def mesh(tmp_path_factory):
    """The walkthrough's mesh: shell and echo by redirect, and a second shell that uses SOCKS."""
    directory = tmp_path_factory.mktemp("mesh")
    mesh = Mesh(directory)
    # Names have addresses of both families wherever ztunnel answers for them.
    mesh.control_plane.options = ["--virtual-addresses", "dual"]
    with mesh:
        shell, echo = mesh.make_role("shell"), mesh.make_role("echo")
        mesh.make_service("shell", shell, [workload("shell", "idle")])
        mesh.make_service("shell-socks", shell, [workload("shell", "idle")])
        mesh.make_service(
            "echo", echo,
            [
                workload("web", "http", "8080", port=8080, image="tulle/echo"),
                workload("tcp", "tcp-echo", "9000", port=9000),
                workload("sink", "sink", "9001", port=9001),
                workload("source", "source", "9002", str(1 << 30), port=9002),
                workload("smtp", "server-first", "9003", port=9003),
            ],
            tags={"tulle/ports": "http:80:8080/tcp:9000/tcp:9001/tcp:9002/tcp:9003"},
        )
        mesh.enrol("shell", "shell", "appmesh")
        mesh.enrol("shell-socks", "shell", "socks")
        mesh.enrol("echo", "echo", "appmesh")
        for service in ("shell", "shell-socks", "echo"):
            mesh.wait_enrolled(service)
        curl = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", f"http://echo.{NAMESPACE}"]
        mesh.wait(
            "the first request through the mesh",
            lambda: mesh.exec("shell", *curl, check=False).stdout == "200"
            and mesh.exec("shell-socks", *curl, check=False).stdout == "200",
        )
        # ztunnel gives back code that it doesn't run every 2 s; a health check maps some of it again for that long.
        services = ("shell", "shell-socks", "echo")
        samples: list[dict[str, int]] = []
        for _ in range(14):
            time.sleep(0.5)
            samples.append({service: mesh.resident_kib(service) for service in services})
        mesh.idle_memory = {service: int(statistics.median(each[service] for each in samples)) for service in services}
        yield mesh


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing scenario shows what the programs said."""
    outcome = yield
    report = outcome.get_result()
    mesh = item.funcargs.get("mesh") if hasattr(item, "funcargs") else None
    pair = item.funcargs.get("pair") if hasattr(item, "funcargs") else None
    if report.failed and hasattr(pair, "logs"):
        report.sections.extend(pair.logs().items())
    if report.failed and mesh:
        for service in ("shell", "shell-socks", "echo"):
            report.sections.append((f"ztunnel of {service}", mesh.logs(service, "ztunnel")[-4000:]))
        log = mesh.directory / "tulled.log"
        report.sections.append(("tulled", log.read_text(errors="replace")[-4000:] if log.exists() else ""))
        report.sections.append(("tasks", json.dumps(mesh.tasks(), indent=1)[-4000:]))

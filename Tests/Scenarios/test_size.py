"""What ztunnel costs a task."""

from __future__ import annotations

import os
import subprocess
import time

import pytest


def test_an_idle_ztunnel_holds_less_than_11_mib(mesh):
    headers = subprocess.run(["readelf", "-l", mesh.ztunnel], capture_output=True, text=True, check=True).stdout
    if "INTERP" in headers:
        pytest.skip("this ztunnel is linked dynamically; the promise is for the static release binary")
    print({service: f"{kib / 1024:.1f} MiB" for service, kib in mesh.idle_memory.items()})
    assert mesh.idle_memory
    assert max(mesh.idle_memory.values()) < 11 * 1024


def test_an_idle_ztunnel_uses_no_cpu(mesh):
    """At most 1 % of a core over ten seconds of silence."""

    [pid] = mesh.processes("shell-socks", "ztunnel")

    def ticks() -> int:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    time.sleep(1)
    before = ticks()
    time.sleep(10)
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
    assert used < 0.1, f"{used:.2f} s of CPU in 10 s"

"""ztunnels without a control plane: state from a file, certificates from files, one loopback address each."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from mesh import ROOT, program

EXAMPLE = ROOT / "examples" / "local-file"


def wait(what: str, condition, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds} s for {what}")


def get(address: str, port: int, path: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=3) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None


class ZTunnel:
    """One ztunnel process and its log."""

    def __init__(self, directory: Path, name: str, address: str, resolv: Path | None = None, **settings: str):
        """`resolv` takes the place of /etc/resolv.conf, for this process alone."""
        self.name, self.address = name, address
        self.log_path = directory / f"{name}.log"
        environment = {
            "PATH": os.environ["PATH"],
            "PROXY_WORKLOAD_INFO": f"demo/{name}/{name}",
            "TULLE_LISTEN_ADDRESS": address,
            "ZTUNNEL_WORKER_THREADS": "1",
            "RUST_LOG": "debug",
            **settings,
        }
        self.environment = {key: value for key, value in environment.items() if value is not None}
        with open(self.log_path, "ab") as log:
            command = [program("TULLE_ZTUNNEL", "ztunnel")]
            if resolv:
                bind = 'mount --bind "$0" /etc/resolv.conf && exec "$1"'
                command = ["unshare", "--mount", "sh", "-c", bind, str(resolv), *command]
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, cwd=directory,
                stdin=subprocess.DEVNULL,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log[-3000:]}"
        return get(self.address, 15021, "/healthz/ready") is not None

    def wait_ready(self) -> "ZTunnel":
        wait(f"{self.name} to be ready", self.is_ready)
        return self

    def dump(self) -> str:
        return get(self.address, 15000, "/config_dump") or ""

    def metric(self, line: str) -> str | None:
        """The value of the series whose name and labels are `line`."""
        for text in (get(self.address, 15020, "/stats/prometheus") or "").splitlines():
            if text.startswith(line + " "):
                return text.rsplit(" ", 1)[1]
        return None

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        return self.process.returncode


def file_identity(directory: Path, name: str) -> dict[str, str]:
    """The settings for a certificate that certificates.sh made."""
    return {
        "TULLE_CERT_FILE": str(directory / f"{name}.pem"),
        "TULLE_KEY_FILE": str(directory / f"{name}-key.pem"),
        "TULLE_ROOT_FILE": str(directory / "root.pem"),
    }


def make_certificates(directory: Path) -> None:
    subprocess.run([str(EXAMPLE / "certificates.sh"), str(directory)], check=True, timeout=30)


def replace(path: Path, text: str) -> None:
    """Swaps a file whole, as configuration tools do."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def fetch(proxy: str, url: str, seconds: int = 8) -> tuple[int, str]:
    """Status and body by SOCKS; status 0 when there is no answer."""
    done = subprocess.run(
        ["curl", "-s", "-m", str(seconds), "-w", "\n%{http_code}", "-x", f"socks5h://{proxy}:15080", url],
        capture_output=True, text=True, timeout=seconds + 12,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body

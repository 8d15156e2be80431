"""A real Prometheus that scrapes what it is told."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from lab import wait


class Prometheus:
    """`jobs` maps a job's name to its targets, `address:port` each, and the path of their metrics."""

    def __init__(self, directory: Path, jobs: dict[str, list[str]], path: str = "/metrics"):
        program = shutil.which("prometheus")
        assert program, "Prometheus is not installed; scripts/setup.sh does that"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        configuration = directory / "prometheus.json"
        # JSON is YAML.
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [
                {"job_name": job, "metrics_path": path, "static_configs": [{"targets": targets}]}
                for job, targets in jobs.items()
            ],
        }))
        self.log = directory / "prometheus.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program, f"--config.file={configuration}", f"--storage.tsdb.path={directory / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        wait("Prometheus to be ready", self.is_ready, 30)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("/-/ready").strip() != ""
        except OSError:
            return False

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def query(self, text: str) -> list[dict]:
        """The series of an instant query that are numbers: a quotient without traffic is none."""
        answer = json.loads(self.ask(f"/api/v1/query?{urllib.parse.urlencode({'query': text})}"))
        assert answer["status"] == "success", answer
        return [one for one in answer["data"]["result"] if one["value"][1] != "NaN"]

    def targets(self) -> dict[str, str]:
        """The health of each target, by its address."""
        active = json.loads(self.ask("/api/v1/targets"))["data"]["activeTargets"]
        return {one["labels"]["instance"]: one["health"] for one in active}

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

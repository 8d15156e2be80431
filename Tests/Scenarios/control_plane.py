"""tulled as a process of the host, which a test may pause, kill and start again."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from lab import Lab, program, wait


class ControlPlane:
    """The control plane of one lab's mesh."""

    def __init__(
        self, lab: Lab, cluster: str, zones: list[str], bindings: dict[str, str], name: str = "tulled",
        admin_port: int | None = None
    ):
        """`bindings` maps a role's name to "<namespace>/<service account>"."""
        self.lab = lab
        self.program = program("TULLE_TULLED", "tulled")
        self.state = lab.directory / name
        self.log = lab.directory / f"{name}.log"
        self.admin_port = admin_port or 15914 + lab.number
        #: Where it listens, which is another port than data planes call when something stands before it.
        self.port = 15012
        self.cluster = cluster
        self.zones = zones
        self.bindings = bindings
        #: The directory of declared resources.
        self.configuration = self.state / "configuration"
        #: Further flags.
        self.options: list[str] = []
        self.process: subprocess.Popen | None = None

    def start(self, *more: str) -> None:
        environment = self.lab.environment
        arguments = [self.program, "--state-dir", str(self.state)]
        arguments += ["--listen", f"{self.lab.host}:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin_port}"]
        arguments += ["--public-url", f"https://{self.lab.host}:15012", "--server-name", self.lab.host]
        arguments += ["--cluster", self.cluster, "--poll-interval", "1s", "--region", "us-east-1"]
        arguments += ["--sts-endpoint", f"us-east-1={environment['AWS_ENDPOINT_URL']}"]
        for zone in self.zones:
            arguments += ["--route53-zone", zone]
        for role, account in self.bindings.items():
            arguments += ["--binding", f"arn:aws:iam::{environment['TULLE_LAB_ACCOUNT_ID']}:role/{role}={account}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*arguments, *self.options, *more], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

        def ready() -> bool:
            assert self.process.poll() is None, f"tulled ended:\n{self.log.read_text(errors='replace')[-2000:]}"
            return self.lab.http(f"http://127.0.0.1:{self.admin_port}/healthz") is not None

        wait("tulled to be ready", ready)

    def pause(self) -> None:
        """Its process stays and its connections stay open, but nobody answers any more."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        if not self.process or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    @property
    def bootstrap_url(self) -> str:
        """Where `tulle` asks for what a data plane must know."""
        return f"http://127.0.0.1:{self.admin_port}"

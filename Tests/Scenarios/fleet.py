"""Many tasks on one host, each with an identity of its own, served by one ztunnel in mode daemon."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from definitions import environment, on_instance, workload
from lab import resident_kib
from mesh import NAMESPACE, Mesh
from network import connect, echoes

PORT = 9000
#: How long connections of a daemon that is being replaced may take to end, in seconds.
DRAIN = 8


def member(index: int) -> str:
    """The name of a service, of its role and of its service account."""
    return f"member-{index:02}"


class Fleet:
    """A mesh on EC2: a DAEMON service with ztunnel in the host's network, and services of one task each."""

    def __init__(self, directory: Path, count: int, number: int = 3):
        self.count = count
        self.mesh = Mesh(directory, number, more_roles=("ztunnel", *(member(index) for index in range(count))))

    def __enter__(self) -> "Fleet":
        self.mesh.__enter__()
        try:
            self.start_daemon()
            for index in range(self.count):
                self.start_member(index)
            self.wait_members(range(self.count))
        except BaseException:
            self.mesh.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.mesh.close()

    # --- the daemon -------------------------------------------------------------------------------------------------

    def daemon_definition(self, source: str) -> dict:
        """A daemon that finds its tasks by `source`: docker or agent."""
        agent = self.mesh.environment["TULLE_LAB_INTROSPECTION_URL"].removeprefix("http://")
        container = self.mesh.ztunnel_container("ztunnel", user="0", privileged=True)
        container["environment"] += environment(
            PROXY_MODE="daemon", TULLE_TASK_SOURCE=source, TULLE_AGENT_ADDRESS=agent,
            TULLE_RESTART_SOCKET=str(self.mesh.directory / "restart.sock"), TULLE_RESTART_DRAIN=f"{DRAIN}s",
        )
        return on_instance("ztunnel", self.mesh.role("ztunnel"), [container], networkMode="host")

    def start_daemon(self) -> None:
        self.mesh.make_role("ztunnel")
        # A new daemon begins before the old one ends, so that it can take its listeners over.
        overlap = {"maximumPercent": 200, "minimumHealthyPercent": 100}
        self.mesh.create(
            self.daemon_definition("docker"), schedulingStrategy="DAEMON", deploymentConfiguration=overlap
        )
        self.mesh.wait_healthy("ztunnel")

    def roll_daemon(self, source: str) -> None:
        """Asks ECS to replace the daemon by one with this source of tasks."""
        ecs = self.mesh.client("ecs")
        ecs.register_task_definition(**self.daemon_definition(source))
        ecs.update_service(cluster=self.mesh.cluster, service="ztunnel", taskDefinition="ztunnel")

    @property
    def daemon(self) -> int:
        """The daemon's process."""
        [pid] = self.mesh.processes("ztunnel", "ztunnel")
        return pid

    def resident_mib(self) -> float:
        return resident_kib(self.daemon) / 1024

    def log(self) -> str:
        """What the running daemon has said."""
        task = self.mesh.task("ztunnel")["id"]
        return self.mesh.run("logs", "ztunnel", "--container", "ztunnel", "--task", task, check=False).stdout

    # --- members ----------------------------------------------------------------------------------------------------

    def start_member(self, index: int) -> None:
        """Makes the role and the service."""
        self.mesh.make_role(member(index))
        self.start_again(index)

    def start_again(self, index: int) -> None:
        """Makes the service of a role that is there."""
        name = member(index)
        labels = {"tulle/dataplane": "daemon"}
        app = workload("app", "tcp-echo", str(PORT), port=PORT, dockerLabels=labels, stopTimeout=2)
        self.mesh.create(on_instance(name, self.mesh.role(name), [app]))

    def stop_member(self, index: int) -> None:
        self.mesh.client("ecs").delete_service(cluster=self.mesh.cluster, service=member(index), force=True)

    def wait_members(self, indices, seconds: float = 120) -> None:
        """Until all of them run, are known by address, and answer each other."""
        indices = list(indices)

        def running() -> bool:
            tasks = {task["service"] for task in self.mesh.tasks() if task["lastStatus"] == "RUNNING"}
            return {member(index) for index in indices} <= tasks

        self.mesh.wait(f"{len(indices)} members to run", running, seconds)
        for index in indices:
            self.mesh.wait(f"{member(index)} to be served", lambda index=index: self.speaks(index, index + 1), seconds)

    def tasks(self) -> dict[str, dict]:
        """The running task of each service."""
        return {task["service"]: task for task in self.mesh.tasks() if task["lastStatus"] == "RUNNING"}

    def services(self) -> set[str]:
        """The services that have a task, running or not."""
        return {task["service"] for task in self.mesh.tasks()}

    def speaks(self, one: int, other: int, tasks: dict[str, dict] | None = None) -> bool:
        """Whether bytes go from one member to another (counted round) and back."""
        tasks = tasks or self.tasks()
        try:
            client, server = tasks[member(one)], tasks[member(other % self.count)]
            with connect(client["namespace"], server["address"], PORT, 3) as connection:
                return echoes(connection, b"from one member to another")
        except (OSError, KeyError):
            return False

    def failing_pairs(self, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those pairs of members that can't speak."""
        tasks = self.tasks()
        with ThreadPoolExecutor(16) as pool:
            results = pool.map(lambda pair: self.speaks(*pair, tasks), pairs)
            return [pair for pair, works in zip(pairs, results) if not works]

    def encrypted_pairs(self, pairs: list[tuple[int, int]]) -> set[tuple[str, str]]:
        """Which pairs of identities the running daemon's access log names."""
        log = self.log()
        found = set()
        for one, other in pairs:
            client = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/{member(one)}"
            server = f"spiffe://cluster.local/ns/{NAMESPACE}/sa/{member(other)}"
            if any(client in line and server in line for line in log.splitlines()):
                found.add((member(one), member(other)))
        return found

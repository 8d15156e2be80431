"""The DNS proxy as programs see it: asked by dig, with name servers of all sorts behind it."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from local_mesh import EXAMPLE, ZTunnel, fetch, file_identity, make_certificates, wait
from mesh import program
from name_server import NameServer, labels

SHELL = "127.1.0.1"
FIRST, SECOND = "127.1.0.53", "127.1.0.54"
PORT = 15053

MESH = """
workloads:
- {uid: example/shell, name: shell, namespace: demo, serviceAccount: shell, workloadIps: ["127.1.0.1"],
   protocol: HBONE, canonicalName: shell, canonicalRevision: v1}
- {uid: example/a, name: a, namespace: demo, serviceAccount: a, workloadIps: ["10.1.0.1", "fd00::1"],
   services: {demo/many.demo.mesh.internal: {80: 80}}}
- {uid: example/b, name: b, namespace: demo, serviceAccount: b, workloadIps: ["10.1.0.2"],
   services: {demo/many.demo.mesh.internal: {80: 80}}}
services:
- {name: echo, namespace: demo, hostname: echo.demo.mesh.internal, vips: [/240.240.0.1, "/2001:2::1"], ports: {80: 80}}
- {name: far, namespace: other, hostname: far.other.mesh.internal, vips: [/240.240.0.2], ports: {80: 80}}
- {name: many, namespace: demo, hostname: many.demo.mesh.internal, vips: [], ports: {80: 80}}
- {name: wild, namespace: demo, hostname: "*.wild.example", vips: [/240.240.0.3], ports: {80: 80}}
- {name: large, namespace: demo, hostname: large.com, vips: [LARGE], ports: {80: 80}}
policies: []
"""


class Answer:
    """What dig printed."""

    def __init__(self, text: str):
        self.text = text
        status = re.search(r"status: (\w+)", text)
        self.status = status.group(1) if status else None
        flags = re.search(r"flags: ([a-z ]*);", text)
        self.flags = flags.group(1).split() if flags else []
        self.sections: dict[str, list[list[str]]] = {}
        section = None
        for line in text.splitlines():
            if heading := re.match(r";; (\w+) SECTION:", line):
                section = self.sections.setdefault(heading.group(1), [])
            elif not line or line.startswith(";"):
                section = None if not line else section
            elif section is not None:
                section.append(line.split(None, 4))

    def data(self, section: str = "ANSWER") -> list[str]:
        return sorted(parts[4] for parts in self.sections.get(section, []))


def dig(name: str, *options: str, kind: str = "A") -> Answer:
    command = ["dig", f"@{SHELL}", "-p", str(PORT), "+tries=1", "+time=12", "-q", name, "-t", kind, *options]
    return Answer(subprocess.run(command, capture_output=True, text=True, timeout=30).stdout)


@pytest.fixture
def servers():
    both = [NameServer(FIRST), NameServer(SECOND)]
    yield both
    for server in both:
        server.close()


@pytest.fixture
def shell(tmp_path, servers):
    """The ztunnel of a task whose name servers are both of ours."""
    make_certificates(tmp_path)
    mesh = tmp_path / "mesh.yaml"
    large = ", ".join(f"/240.241.0.{number}" for number in range(256))
    mesh.write_text(MESH.replace("LARGE", large))
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {FIRST}\nnameserver {SECOND}\nsearch eu-west-1.compute.internal\n")
    ztunnel = ZTunnel(
        tmp_path, "shell", SHELL, resolv=resolv, XDS_ADDRESS="", LOCAL_XDS_PATH=str(mesh),
        CLUSTER_DOMAIN="mesh.internal",
        **file_identity(tmp_path, "shell"),
    )
    try:
        yield ztunnel.wait_ready()
    finally:
        ztunnel.stop()


TRANSPORTS = pytest.mark.parametrize("transport", ["+notcp", "+tcp"])


@TRANSPORTS
def test_names_of_the_mesh(shell, servers, transport):
    for name in ("echo", "echo.demo", "echo.demo.mesh.internal", "EcHo.DeMo"):
        answer = dig(name, transport)
        assert (answer.status, answer.data()) == ("NOERROR", ["240.240.0.1"]), answer.text
        assert {"qr", "aa", "rd", "ra"} <= set(answer.flags)
        assert answer.sections["ANSWER"][0][:2] == [f"{name}.", "30"]
        assert dig(name, transport, kind="AAAA").data() == ["2001:2::1"]
    assert dig("far.other", transport).data() == ["240.240.0.2"]
    assert dig("any.wild.example", transport).data() == ["240.240.0.3"]
    assert dig("many.demo", transport).data() == ["10.1.0.1", "10.1.0.2"]
    assert dig("many.demo", transport, kind="AAAA").data() == ["fd00::1"]
    empty = dig("far.other", transport, kind="AAAA")
    assert (empty.status, empty.data()) == ("NOERROR", []) and "aa" in empty.flags
    assert servers[0].asked == []
    answer = dig("echo.demo.eu-west-1.compute.internal", transport)
    assert [parts[3:] for parts in answer.sections["ANSWER"]] == [["CNAME", "echo.demo."], ["A", "240.240.0.1"]]


@TRANSPORTS
def test_other_names_and_types_reach_the_servers(shell, servers, transport):
    answer = dig("host.example", transport)
    assert (answer.status, answer.data()) == ("NOERROR", ["10.9.8.7"]) and "aa" not in answer.flags
    unknown = dig("nobody.example", transport)
    assert unknown.status == "NXDOMAIN" and len(unknown.data("AUTHORITY")) == 1
    mail = dig("mail.example", transport, kind="MX")
    assert mail.data() == ["10 mx.mail.example."]
    assert mail.data("AUTHORITY") == ["ns.mail.example."] and mail.data("ADDITIONAL") == ["10.9.8.6"]
    assert dig("service.example", transport, kind="SRV").data() == ["1 2 389 Host.Example."]
    assert dig("echo.demo", transport, kind="TXT").status == "NXDOMAIN"


def test_a_long_answer_comes_by_tcp(shell, servers):
    # dig asks again by TCP when the answer is truncated, as resolvers do.
    answer = dig("long.example", kind="TXT")
    assert len(answer.data()) == 40 and "Truncated, retrying in TCP mode" in answer.text
    assert ("long.example", 16, "tcp") in servers[0].asked
    cut = dig("long.example", "+ignore", "+bufsize=1232", kind="TXT")
    assert "tc" in cut.flags and 0 < len(cut.data()) < 40


def test_sizes_of_answers(shell):
    assert len(dig("large.com").data()) == 256
    for size, count in ((512, 29), (1232, 74), (4096, 253)):
        answer = dig("large.com", "+ignore", f"+bufsize={size}", "+nocookie")
        assert len(answer.data()) == count and "tc" in answer.flags, answer.text
    old = dig("large.com", "+ignore", "+noedns")
    assert len(old.data()) == 30 and "EDNS" not in old.text
    assert "do; udp: 1232" in dig("large.com", "+ignore", "+dnssec", "+bufsize=1232").text
    assert dig("echo.demo", "+edns=1", "+noednsneg").status == "BADVERS"


def test_messages_that_are_no_questions(shell):
    assert dig("echo.demo", "+opcode=status").status == "NOTIMP"
    assert dig("echo.demo", kind="AXFR").text.count("Transfer failed") == 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(3)
        udp.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff", (SHELL, PORT))
        assert udp.recv(512)[:4] == b"\x12\x34\x81\x81"
        # A response gets no response, or two servers would never stop.
        udp.settimeout(0.3)
        udp.sendto(b"\x12\x34\x81\x00\x00\x01" + bytes(6) + labels("echo.demo") + b"\0\1\0\1", (SHELL, PORT))
        with pytest.raises(TimeoutError):
            udp.recv(512)


def test_a_silent_server_is_passed_over_and_then_avoided(shell, servers):
    servers[0].is_silent = True
    started = time.monotonic()
    assert dig("host.example").data() == ["10.9.8.7"]
    assert 1.5 < time.monotonic() - started < 4
    started = time.monotonic()
    assert dig("load1.example").data() == ["10.9.8.7"]
    assert time.monotonic() - started < 1
    for server in servers:
        server.is_silent = True
    assert dig("load2.example").status == "SERVFAIL"
    # What the mesh knows needs no server.
    assert dig("echo.demo").data() == ["240.240.0.1"]
    assert float(shell.metric(failures()) or 0) == 1


def failures() -> str:
    return (
        'istio_dns_upstream_failures_total{request_query_type="a",request_protocol="udp",'
        'source_canonical_service="shell",source_canonical_revision="v1"}'
    )


def test_a_lying_server_is_not_believed(shell, servers):
    servers[0].lies = 3
    assert dig("host.example").data() == ["10.9.8.7"]
    servers[0].lies = 200
    # So many guesses, and the question is asked by TCP.
    assert dig("load1.example").data() == ["10.9.8.7"]
    assert ("load1.example", 1, "tcp") in servers[0].asked


def test_answers_are_kept_and_questions_shared(shell, servers):
    servers[0].delay = 0.5
    answers: list[list[str]] = []
    clients = [threading.Thread(target=lambda: answers.append(dig("slow.example").data())) for _ in range(12)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [["10.9.8.7"]] * 12
    assert servers[0].asked.count(("slow.example", 1, "udp")) == 1
    time.sleep(1.1)
    answer = dig("slow.example")
    assert 0 < int(answer.sections["ANSWER"][0][1]) < 60
    assert len([name for name, _, _ in servers[0].asked if name == "slow.example"]) == 1


def test_many_questions_on_one_connection(shell):
    names = ["echo.demo" if number % 2 else f"load{number}.example" for number in range(300)]
    with socket.create_connection((SHELL, PORT), timeout=10) as tcp, tcp.makefile("rb") as stream:
        for number, name in enumerate(names):
            query = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels(name) + b"\0\1\0\1"
            tcp.sendall(struct.pack("!H", len(query)) + query)
        seen = {}
        for _ in names:
            answer = stream.read(struct.unpack("!H", stream.read(2))[0])
            seen[struct.unpack("!H", answer[:2])[0]] = answer[3] & 15, answer[-4:]
    expected = {number: (0, bytes([240, 240, 0, 1]) if number % 2 else bytes([10, 9, 8, 7])) for number in range(300)}
    assert seen == expected


def test_a_question_under_way_is_answered_while_draining(shell, servers):
    servers[0].delay = 1.0
    answers: list[Answer] = []
    client = threading.Thread(target=lambda: answers.append(dig("slow.example")))
    client.start()
    wait("the question at the server", lambda: servers[0].asked)
    shell.process.terminate()
    client.join()
    assert answers[0].data() == ["10.9.8.7"], answers[0].text
    assert shell.process.wait(10) == 0


def test_metrics_and_log(shell):
    dig("echo.demo")
    dig("host.example", "+tcp")
    labels_ = 'source_canonical_service="shell",source_canonical_revision="v1"'
    udp = f'istio_dns_requests_total{{request_query_type="a",request_protocol="udp",{labels_}}}'
    tcp = f'istio_dns_upstream_requests_total{{request_query_type="a",request_protocol="tcp",{labels_}}}'
    assert (shell.metric(udp), shell.metric(tcp)) == ("1", "1")
    line = wait("the event", lambda: [l for l in shell.log.splitlines() if "dns request" in l and "echo.demo" in l])
    assert 'src.namespace="demo"' in line[0] and "endpoints=1" in line[0]


def test_floods_cost_bounded_memory(shell, servers):
    """Names that nobody answers, garbage and idle connections: the mesh's names still resolve."""
    for server in servers:
        server.is_silent = True
    def resident() -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{shell.process.pid}/status").read()).group(1))

    before = resident()
    idle = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for number in range(20_000):
            name = labels(f"n{number}.example") if number % 2 else b"\xc0\x0c\xff" * 20
            udp.sendto(struct.pack("!6H", number & 0xffff, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1", (SHELL, PORT))
        for _ in range(400):
            idle.append(socket.create_connection((SHELL, PORT), timeout=5))
    assert wait("an answer", lambda: dig("echo.demo").data()) == ["240.240.0.1"]
    for client in idle:
        client.close()
    assert resident() - before < 16 * 1024


def test_proxy_clients_name_services_as_dns_clients_do(tmp_path):
    make_certificates(tmp_path)
    echo_address = "127.1.0.2"
    state = (EXAMPLE / "mesh.yaml").read_text()
    wild = """- name: wild
  namespace: demo
  hostname: "*.wild.example"
  vips: [/240.240.0.9]
  ports: {80: 8080}
policies:"""
    state = state.replace("policies:", wild, 1)
    ports = "mesh.internal: {80: 8080}"
    state = state.replace(ports, f"{ports}\n    demo/*.wild.example: {{80: 8080}}", 1)
    (tmp_path / "mesh.yaml").write_text(state)
    parts = []
    server = subprocess.Popen(
        ["python3", "-m", "http.server", "8080", "--bind", echo_address, "--directory", str(EXAMPLE)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        for name, address in (("shell", SHELL), ("echo", echo_address)):
            parts.append(
                ZTunnel(
                    tmp_path, name, address, XDS_ADDRESS="", LOCAL_XDS_PATH=str(tmp_path / "mesh.yaml"),
                    CLUSTER_DOMAIN="mesh.internal", **file_identity(tmp_path, name),
                )
            )
        for part in parts:
            part.wait_ready()
        wait("the HTTP server", lambda: not socket.socket().connect_ex((echo_address, 8080)))
        for host in ("echo", "echo.demo", "ECHO.demo.mesh.internal", "any.wild.example"):
            assert fetch(SHELL, f"http://{host}/mesh.yaml")[0] == 200, (host, parts[0].log[-3000:])
        assert fetch(SHELL, "http://nobody.demo/mesh.yaml")[0] == 0
    finally:
        for part in parts:
            part.stop()
        server.kill()
        server.wait(5)


TASK = "tulle-dns-task"
OUTSIDE, INSIDE = "10.79.0.53", "10.79.0.1"
UID = "15301"


@pytest.fixture
def task(tmp_path):
    """A namespace whose DNS is captured by ztunnel's own rules, with a ztunnel as user 15301 in it."""
    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, timeout=20)

    def inside(*command: str, user: str = "65534") -> list[str]:
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user != "0" else []
        return ["ip", "netns", "exec", TASK, *who, *command]

    make_certificates(tmp_path)
    (tmp_path / "mesh.yaml").write_text(MESH.replace("LARGE", "/240.241.0.1"))
    (tmp_path / "resolv.conf").write_text(f"nameserver {OUTSIDE}\n")
    program_ = tmp_path / "ztunnel"
    program_.write_bytes(Path(program("TULLE_ZTUNNEL", "ztunnel")).read_bytes())
    for path in [tmp_path, *tmp_path.parents][:-2]:
        path.chmod(0o755)
    for path in tmp_path.iterdir():
        path.chmod(0o755)
    process = server = None
    subprocess.run(["ip", "netns", "del", TASK], capture_output=True)
    try:
        run("ip", "netns", "add", TASK)
        run("ip", "link", "add", "tulle-dns0", "type", "veth", "peer", "name", "eth0", "netns", TASK)
        run("ip", "address", "add", f"{OUTSIDE}/24", "dev", "tulle-dns0")
        run("ip", "link", "set", "tulle-dns0", "up")
        run(*inside("ip", "address", "add", f"{INSIDE}/24", "dev", "eth0", user="0"))
        for link in ("lo", "eth0"):
            run(*inside("ip", "link", "set", link, "up", user="0"))
        run(*inside("ip", "route", "add", "default", "via", OUTSIDE, user="0"))
        run(*inside(str(program_), "redirect", "apply", user="0"))
        server = NameServer(OUTSIDE)
        environment = {
            "PATH": os.environ["PATH"], "PROXY_WORKLOAD_INFO": "demo/shell/shell", "PROXY_MODE": "dedicated",
            "XDS_ADDRESS": "", "LOCAL_XDS_PATH": str(tmp_path / "mesh.yaml"), "INSTANCE_IP": INSIDE,
            "CLUSTER_DOMAIN": "mesh.internal", **file_identity(tmp_path, "shell"),
        }
        bind = 'mount --bind "$0" /etc/resolv.conf && exec setpriv --reuid=15301 --regid=15301 --clear-groups "$1"'
        with open(tmp_path / "log", "wb") as log:
            process = subprocess.Popen(
                inside("unshare", "--mount", "sh", "-c", bind, str(tmp_path / "resolv.conf"), str(program_), user="0"),
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )
        ready = inside("curl", "-sf", "-m", "2", "-o", "/dev/null", "http://127.0.0.1:15021/healthz/ready", user="0")
        try:
            wait("ztunnel to be ready", lambda: subprocess.run(ready, timeout=10).returncode == 0)
        except TimeoutError:
            pytest.fail((tmp_path / "log").read_text(errors="replace")[-3000:])

        def ask(name: str, *options: str, kind: str = "A", server_address: str = "198.51.100.9") -> Answer:
            command = inside("dig", f"@{server_address}", "+tries=1", "+time=8", "-q", name, "-t", kind, *options)
            return Answer(subprocess.run(command, capture_output=True, text=True, timeout=30).stdout)

        yield ask, server
    finally:
        if process:
            process.terminate()
            process.wait(15)
        if server:
            server.close()
        subprocess.run(["ip", "netns", "del", TASK], capture_output=True)


@TRANSPORTS
def test_captured_questions_are_answered_whomever_they_were_for(task, transport):
    ask, server = task
    # Nobody is at the address that is asked; the answer must still seem to come from there.
    answer = ask("echo.demo", transport)
    assert answer.data() == ["240.240.0.1"] and "198.51.100.9#53" in answer.text, answer.text
    assert ask("host.example", transport).data() == ["10.9.8.7"]
    assert ask("nobody.example", transport).status == "NXDOMAIN"
    # The proxy's own questions are not captured, or they would never have reached the server.
    assert ("host.example", 1, "udp") in server.asked
    # Nor does it matter that the application asks the very server that the proxy does.
    for number in range(5):
        assert ask(f"load{number}.example", transport, server_address=OUTSIDE).data() == ["10.9.8.7"]
    assert ask("long.example", "+tcp", kind="TXT").status == "NOERROR"

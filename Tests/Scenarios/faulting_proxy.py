"""A proxy between a control plane and an AWS API, which makes chosen accounts fail as AWS makes them fail."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CREDENTIAL = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/([\w-]+)/")


class FaultingProxy:
    """Knows by the keys that it saw given out by AssumeRole which account a request is of."""

    def __init__(self, target: int):
        self.target = target
        self.lock = threading.Lock()
        #: Account → the code that its calls to ECS are answered with.
        self.faults: dict[str, str] = {}
        #: Of each call to ECS: when, whose account, which action.
        self.calls: list[tuple[float, str, str]] = []
        self.accounts: dict[str, str] = {}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy.serve(self, b"")

            def do_POST(self) -> None:
                proxy.serve(self, self.rfile.read(int(self.headers.get("content-length", "0"))))

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    pass  # whoever asked has gone

            def log_message(self, *_) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def fail(self, account: str, code: str | None) -> None:
        with self.lock:
            if code:
                self.faults[account] = code
            else:
                self.faults.pop(account, None)

    def calls_of(self, account: str, since: float) -> list[tuple[float, str]]:
        """When and what the account was asked since a moment of the monotonic clock."""
        with self.lock:
            return [(moment, action) for moment, whose, action in self.calls if whose == account and moment >= since]

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        found = CREDENTIAL.search(request.headers.get("authorization", ""))
        key, _, service = found.groups() if found else ("", "", "")
        with self.lock:
            account = self.accounts.get(key, "own")
            code = self.faults.get(account) if service == "ecs" else None
            if service == "ecs":
                action = request.headers.get("x-amz-target", "").rpartition(".")[2]
                self.calls.append((time.monotonic(), account, action))
        if code:
            message = "Rate exceeded" if code == "ThrottlingException" else "it is not allowed"
            kind, status = "application/x-amz-json-1.1", 400
            answer = json.dumps({"__type": code, "message": message}).encode()
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=30)
            headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
            connection.request(request.command, request.path, body, headers)
            got = connection.getresponse()
            answer, status, kind = got.read(), got.status, got.headers.get("content-type", "text/plain")
            connection.close()
            if body.startswith(b"Action=AssumeRole&"):
                self.learn(body, answer)
        request.send_response(status)
        request.send_header("content-type", kind)
        request.send_header("content-length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def learn(self, body: bytes, answer: bytes) -> None:
        role = urllib.parse.parse_qs(body.decode()).get("RoleArn", [""])[0]
        key = re.search(rb"<AccessKeyId>(\w+)</AccessKeyId>", answer)
        if key and role:
            with self.lock:
                self.accounts[key[1].decode()] = role.split(":")[4]

"""A small stand-in for Lambda's execution environment: its Runtime and Extensions APIs, freezing and thawing.

One environment with one external extension and one function, both processes of a network namespace. The API answers at an
address that the namespace reaches. As Lambda does it: the runtime starts when the extension has registered; the
environment stands still while both wait for the next event.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

EXTENSION = "/2020-01-01/extension"
RUNTIME = "/2018-06-01/runtime"


class Environment:
    """Use as a context manager; `invoke` calls the function."""

    def __init__(self, host: str, port: int, namespace: str, extension: str, handler: list[str], variables: dict, log: Path):
        self.address = f"{host}:{port}"
        self.namespace = namespace
        self.extension_path = extension
        self.handler = handler
        self.variables = {**variables, "AWS_LAMBDA_RUNTIME_API": self.address}
        self.log = log
        self.registered: dict | None = None
        self.identifier = str(uuid.uuid4())
        self.wrong: list[str] = []
        self.exit_status: int | None = None
        #: When the extension registered, and when it first asked for an event, in seconds after its start.
        self.took: dict[str, float] = {}
        self._extension_events: queue.Queue = queue.Queue()
        self._calls: queue.Queue = queue.Queue()
        self._answers: dict[str, queue.Queue] = {}
        self._has_asked = threading.Event()
        self._has_registered = threading.Event()
        self.extension: subprocess.Popen | None = None
        self.function: subprocess.Popen | None = None
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._server.daemon_threads = True

    # --- life -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Environment":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            self._began = time.monotonic()
            self.extension = self._start([self.extension_path], self.log)
            assert self._has_registered.wait(10), f"not registered:\n{self.log.read_text()[-3000:]}"
            self.function = self._start(self.handler, self.log.with_suffix(".function"))
            assert self._has_asked.wait(10), f"init took more than ten seconds:\n{self.log.read_text()[-3000:]}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in (self.extension, self.function):
            if process and process.poll() is None:
                process.kill()
                process.wait(5)
        self._server.shutdown()
        self._server.server_close()

    def _start(self, command: list[str], log: Path) -> subprocess.Popen:
        environment = {"PATH": os.environ["PATH"], **self.variables}
        with open(log, "ab") as output:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *command], env=environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL,
            )

    def invoke(self, event: dict, seconds: float = 10) -> dict:
        """The function's answer."""
        request = str(uuid.uuid4())
        answer = self._answers[request] = queue.Queue()
        deadline = int((time.time() + seconds) * 1000)
        self._extension_events.put({"eventType": "INVOKE", "requestId": request, "deadlineMs": deadline})
        self._calls.put((request, event))
        try:
            return answer.get(timeout=seconds)
        finally:
            del self._answers[request]

    def freeze(self) -> None:
        for process in (self.extension, self.function):
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in (self.extension, self.function):
            process.send_signal(signal.SIGCONT)

    def shut_down(self) -> float:
        """Ends the environment; how long the extension took, in seconds. Lambda gives it two."""
        began = time.monotonic()
        deadline = int((time.time() + 2) * 1000)
        self._extension_events.put({"eventType": "SHUTDOWN", "shutdownReason": "spindown", "deadlineMs": deadline})
        self.exit_status = self.extension.wait(10)
        return time.monotonic() - began

    # --- the APIs ---------------------------------------------------------------------------------------------------

    def _handler(self):
        environment = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                pass

            def answer(self, status: int, body: dict, **headers: str) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def body(self) -> dict:
                return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

            def do_POST(self) -> None:
                if self.path == f"{EXTENSION}/register":
                    environment.registered = {"name": self.headers.get("Lambda-Extension-Name"), **self.body()}
                    environment.took["register"] = time.monotonic() - environment._began
                    facts = {"functionName": "checkout", "functionVersion": "$LATEST", "handler": "function.handler"}
                    self.answer(200, facts, Lambda_Extension_Identifier=environment.identifier)
                    environment._has_registered.set()
                elif self.path.startswith(f"{RUNTIME}/invocation/") and self.path.endswith("/response"):
                    waiting = environment._answers.get(self.path.split("/")[-2])
                    if waiting:
                        waiting.put(self.body())
                    self.answer(202, {"status": "OK"})
                else:
                    environment.wrong.append(f"POST {self.path}")
                    self.answer(404, {})

            def do_GET(self) -> None:
                if self.path == f"{EXTENSION}/event/next":
                    if self.headers.get("Lambda-Extension-Identifier") != environment.identifier:
                        environment.wrong.append("event/next without the identifier")
                        return self.answer(403, {"errorType": "Extension.UnknownExtensionIdentifier"})
                    environment.took.setdefault("next", time.monotonic() - environment._began)
                    environment._has_asked.set()
                    self.answer(200, environment._extension_events.get())
                elif self.path == f"{RUNTIME}/invocation/next":
                    request, event = environment._calls.get()
                    self.answer(200, event, Lambda_Runtime_Aws_Request_Id=request)
                else:
                    environment.wrong.append(f"GET {self.path}")
                    self.answer(404, {})

        return Handler

"""moto's web application with the lab's control endpoints in front, under /moto-api/lab."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

import control

#: A control request larger than this is refused.
BODY_LIMIT = 1 << 20


class LabApplication:
    """One request at a time but for those of queues, so that what a request reads and what it changes belong together."""

    def __init__(self, token: str, vpc_id: str):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.token = token
        self.vpc_id = vpc_id
        self.lock = threading.RLock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/moto-api"):
            if "/sqs/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
                # Queues have locks of their own, and a reader waits seconds for a message that others are to send.
                return self.moto(environ, start_response)
            with self.lock:
                return self.moto(environ, start_response)
        # Tasks can reach this port too; only the lab itself may look behind the API or change it.
        given = environ.get("HTTP_X_TULLE_LAB_TOKEN", "")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return self.answer(start_response, "403 Forbidden", {"message": "x-tulle-lab-token is missing or wrong"})
        if not path.startswith("/moto-api/lab/"):
            with self.lock:
                return self.moto(environ, start_response)
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if length > BODY_LIMIT:
                raise control.ControlError(f"body of {length} bytes; at most {BODY_LIMIT}")
            body = json.loads(environ["wsgi.input"].read(length) or b"{}")
            with self.lock:
                result = control.handle(environ["REQUEST_METHOD"], path[len("/moto-api/lab/") :], body, self.vpc_id)
        except control.ControlError as error:
            return self.answer(start_response, "400 Bad Request", {"message": str(error)})
        except Exception as error:  # noqa: BLE001 (the lab shows it to a person)
            return self.answer(start_response, "500 Internal Server Error", {"message": f"{type(error).__name__}: {error}"})
        return self.answer(start_response, "200 OK", result)

    @staticmethod
    def answer(start_response: Any, status: str, value: Any) -> Iterable[bytes]:
        body = json.dumps(value).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

"""moto's server with ids of tasks as ECS makes them, 32 digits without dashes: a task's session is named so."""

from __future__ import annotations

import sys
import uuid

from moto.ecs import models
from moto.server import main

make = models.Task.__init__


def make_with_id(self: models.Task, *arguments, **named) -> None:
    make(self, *arguments, **named)
    self.id = uuid.uuid4().hex


if __name__ == "__main__":
    models.Task.__init__ = make_with_id
    main(sys.argv[1:])

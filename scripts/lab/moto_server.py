#!/usr/bin/env python3
"""The lab's AWS API: moto, made faithful where a service mesh looks closely, with signature checking on.

Started by `tulle-lab up`. It prints nothing secret; the administrator's keys go to --account-file (mode 0600).
It ends when its standard input closes, so that it never outlives the lab that started it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True, help="address to listen on")
    parser.add_argument("--port", required=True, type=int, help="TCP port to listen on")
    parser.add_argument("--region", default="us-east-1", help="region of the lab's VPC")
    parser.add_argument("--vpc-cidr", default="10.77.0.0/16", help="network of the lab's VPC")
    parser.add_argument("--ipv6-prefix", help="network of the tasks' IPv6 addresses, a /96; without it there are none")
    parser.add_argument("--token-file", required=True, help="file with the token that guards /moto-api")
    parser.add_argument("--account-file", required=True, help="where to write the account's keys and ids (JSON)")
    return parser.parse_args()


def end_with_standard_input() -> None:
    """Exits once the other end of standard input is closed: the lab is gone."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    options = arguments()
    with open(options.token_file, encoding="utf-8") as file:
        token = file.read().strip()
    if len(token) < 32:
        sys.exit("moto_server: the control token is shorter than 32 characters")
    os.environ.setdefault("AWS_DEFAULT_REGION", options.region)
    os.environ.setdefault("MOTO_PORT", str(options.port))

    from werkzeug.serving import run_simple

    import ecs_api
    import ecs_models
    import placement
    import private_ca
    import signature
    import trust
    from account import make_account
    from application import LabApplication

    ecs_models.install(options.ipv6_prefix)
    placement.install(options.host)
    private_ca.install()
    ecs_api.install()
    signature.install()
    trust.install()
    account = make_account(options.region, options.vpc_cidr)
    descriptor = os.open(options.account_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(account, file, indent=1, sort_keys=True)

    from moto import settings

    # From the first request on, signatures and IAM policies are checked.
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    end_with_standard_input()
    run_simple(options.host, options.port, LabApplication(token, account["vpcId"]), threaded=True)


if __name__ == "__main__":
    main()

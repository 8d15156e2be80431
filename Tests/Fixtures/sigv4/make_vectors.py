#!/usr/bin/env python3
"""Writes random.jsonl: random requests as botocore signs them, one JSON object a line. The seed is fixed.

Usage: make_vectors.py > random.jsonl
"""

import calendar
import datetime
import json
import random
import sys
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT = 200
TEXT = "abcXYZ019-._~ !$&'()*+,;=:@/?%#[]\"<>\\^`{|}é€ሴ😀"
NAMES = ["x-amz-target", "content-type", "X-Tulle-Audience", "x-tulle-nonce", "Accept", "X-CAPS", "user-agent", "expect"]


def text(chance, low, high):
    return "".join(chance.choice(TEXT) for _ in range(chance.randint(low, high)))


def path(chance):
    segments = []
    for _ in range(chance.randint(0, 4)):
        segments.append(chance.choice(["", ".", "..", quote(text(chance, 1, 6), safe=""), "plain", "a~b"]))
    return "/" + "/".join(segments) + chance.choice(["", "/"])


def header(chance):
    words = ["v", "two words", "a   b", " lead", "trail ", "tab\there", "é", '"q"', "k=v,w"]
    return " ".join(chance.choice(words) for _ in range(chance.randint(1, 3)))


def case(chance):
    s3 = chance.random() < 0.2
    region = chance.choice(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
    service = "s3" if s3 else chance.choice(["ecs", "sts", "route53", "acm-pca", "sqs"])
    moment = datetime.datetime.fromtimestamp(chance.randint(0, 4102444800), datetime.timezone.utc)
    host = f"{service}.{region}.amazonaws.com"
    credentials = Credentials(
        "AKID" + "".join(chance.choice("ABCDEFGHIJ234567") for _ in range(16)),
        "".join(chance.choice("abcdefABCDEF0123456789+/") for _ in range(40)),
        chance.choice([None, "".join(chance.choice("abcdef0123456789+/=") for _ in range(chance.randint(1, 80)))]),
    )
    method = chance.choice(["GET", "POST", "PUT", "DELETE", "HEAD"])
    body = bytes(chance.randrange(256) for _ in range(chance.randint(0, 48)))
    query = [[text(chance, 1, 8), text(chance, 0, 8)] for _ in range(chance.choice([0, 0, 1, 2, 5]))]
    if query and chance.random() < 0.3:
        query.append([query[0][0], text(chance, 0, 8)])
    wire = path(chance)
    headers = [["Host", host]]
    for name in chance.sample(NAMES, chance.randint(0, 5)):
        headers.append([name, header(chance)])

    encoded = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
    url = f"https://{host}{wire}" + (f"?{encoded}" if encoded else "")
    request = AWSRequest(method=method, url=url, data=body)
    for name, value in headers:
        request.headers[name] = value
    signer = (botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth)(credentials, service, region)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda: moment):
        signer.add_auth(request)
    return {
        "s3": s3,
        "region": region,
        "service": service,
        "epoch": calendar.timegm(moment.timetuple()),
        "key": credentials.access_key,
        "secret": credentials.secret_key,
        "token": credentials.token,
        "method": method,
        "path": wire,
        "query": query,
        "headers": headers,
        "body": body.hex(),
        "authorization": request.headers["Authorization"],
    }


def main():
    chance = random.Random(20260102)
    for _ in range(COUNT):
        json.dump(case(chance), sys.stdout, ensure_ascii=True, separators=(",", ":"))
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()

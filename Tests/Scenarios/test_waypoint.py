"""A waypoint between tasks of the lab: routes, policies, resilience, with real clients and servers."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time

import pytest

from definitions import workload
from lab import CLIENTS
from mesh import CLUSTER, NAMESPACE
from waypoint_mesh import GATEWAY, WAYPOINT, WaypointMesh

URL = f"http://app.{NAMESPACE}"
HOST = f"app.{NAMESPACE}.mesh.internal"
#: From the end of `tulle apply` to the moment at which the waypoint does as it says.
EFFECTIVE_SECONDS = 5


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with WaypointMesh(tmp_path_factory.mktemp("waypoint"), number=6) as mesh:
        for client in ("shell", "other"):
            mesh.make_service(client, mesh.make_role(client), [workload("shell", "idle")])
            mesh.enrol(client, client, "appmesh")
        for name in ("app", "app-v1", "app-v2"):
            mesh.make_app(name)
        mesh.make_app("zonal", count=2)
        mesh.make_grpc("speech")
        mesh.make_web("web")
        mesh.make_waypoint()
        mesh.tulle_in("apply", "-f", "-", text=GATEWAY)
        for service in ("shell", "other", "app", "app-v1", "app-v2", "zonal", "speech", "web"):
            mesh.wait_enrolled(service)
        mesh.wait_healthy(WAYPOINT)
        mesh.wait_healthy("zonal", 2)
        for name in ("app", "app-v1", "app-v2", "zonal"):
            mesh.wait(
                f"the first request for {name} through the waypoint",
                lambda: "x-request-id" in mesh.curl(f"http://{name}.{NAMESPACE}/").body, 60,
            )
        yield mesh


def route(name: str, rules: str, parent: str = "app") -> str:
    """An HTTPRoute for a service."""
    lines = "\n".join("  " + line for line in rules.strip("\n").splitlines())
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
        f"metadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec:\n"
        f"  parentRefs: [{{group: '', kind: Service, name: {parent}}}]\n  rules:\n{lines}\n"
    )


def document(kind: str, group: str, name: str, spec: str) -> str:
    lines = "\n".join("  " + line for line in spec.strip("\n").splitlines())
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec:\n{lines}\n"


def policy(name: str, spec: str) -> str:
    target = "targetRefs: [{group: '', kind: Service, name: app}]\n"
    return document("AuthorizationPolicy", "security.istio.io/v1", name, target + spec)


def virtual_service(name: str, spec: str) -> str:
    return document("VirtualService", "networking.istio.io/v1", name, f"hosts: [{HOST}]\n" + spec)


def destination_rule(name: str, spec: str, host: str = HOST) -> str:
    return document("DestinationRule", "networking.istio.io/v1", name, f"host: {host}\n" + spec)


def test_a_request_passes_the_waypoint(mesh):
    answer = mesh.curl(f"{URL}/a?b=c")
    assert answer.status == 200
    assert answer.name == "app"
    assert answer.json["target"] == "/a?b=c"
    assert answer.json["headers"]["x-request-id"]
    # Neither side gets to see what only proxies say to each other.
    assert not any(name.startswith("x-istio") for name in answer.json["headers"])


def test_bodies_trailers_and_continue(mesh):
    assert mesh.curl(f"{URL}/", "-X", "POST", "-d", "x" * 3000).json["body"] == "x" * 3000
    assert mesh.curl(f"{URL}/", "-T", "/etc/hostname", "-H", "Expect: 100-continue").status == 200
    assert mesh.curl(f"{URL}/bytes/3000000").body == "x" * 3000000
    # curl prints what comes behind the body, too.
    assert mesh.curl(f"{URL}/trailers").body.split() == ["hellox-end:", "yes"]
    assert mesh.curl(f"{URL}/", "-I").status == 200
    assert mesh.curl(f"{URL}/status/204").status == 204


def test_a_websocket(mesh):
    done = mesh.exec(
        "shell", sys.executable, str(CLIENTS / "websocket_client.py"), f"app.{NAMESPACE}", "/ws", "one", "two"
    )
    assert done.stdout.split("\n")[:3] == ["HTTP/1.1 101 Switching Protocols", "one", "two"]


def test_grpc(mesh):
    def call(what: str) -> str:
        return mesh.exec(
            "shell", sys.executable, str(CLIENTS / "grpc_echo.py"), "call", f"speech.{NAMESPACE}:7070", what
        ).stdout.strip()

    assert call("unary") == "speech:hello"
    assert call("stream").splitlines() == [f"speech:{number}" for number in range(5)]
    assert call("both").splitlines() == [f"speech:m{number}" for number in range(3)]
    assert call("fail") == "FAILED_PRECONDITION as asked"


def test_canary_by_weight(mesh):
    rules = """
- backendRefs:
  - {name: app-v1, port: 80, weight: 90}
  - {name: app-v2, port: 80, weight: 10}
"""
    with mesh.applied(route("canary", rules)):
        mesh.until("the route to be in force", lambda: mesh.curl(URL).name != "app", EFFECTIVE_SECONDS)
        before = mesh.requests_by("destination_workload")
        done = mesh.exec("shell", "h2load", "--h1", "-n", "10000", "-c", "8", f"{URL}/", seconds=120)
        assert "10000 succeeded, 0 failed" in done.stdout, done.stdout
        after = mesh.requests_by("destination_workload")
        share = (after["app-v2"] - before.get("app-v2", 0)) / 10000
        assert abs(share - 0.10) <= 0.01, share
        assert after["app-v1"] - before.get("app-v1", 0) + share * 10000 == 10000


def test_routing_by_header(mesh):
    rules = """
- matches: [{headers: [{name: x-version, value: two}]}]
  backendRefs: [{name: app-v2, port: 80}]
- backendRefs: [{name: app-v1, port: 80}]
"""
    with mesh.applied(route("by-header", rules)):
        def asked(version: str) -> str:
            return mesh.curl(URL, "-H", f"x-version: {version}").name

        # What one call gets may be chance as long as the route isn't there.
        versions, names = ["three", "two"] * 3, ["app-v1", "app-v2"] * 3
        mesh.until("the route to be in force", lambda: [asked(each) for each in versions] == names, EFFECTIVE_SECONDS)
        assert mesh.curl(URL).name == "app-v1"


def test_a_policy_by_method(mesh):
    spec = "action: DENY\nrules: [{to: [{operation: {methods: [POST]}}]}]\n"
    with mesh.applied(policy("no-post", spec)):
        mesh.until(
            "the policy to be in force", lambda: mesh.curl(URL, "-X", "POST").status == 403, EFFECTIVE_SECONDS
        )
        denied = mesh.curl(URL, "-X", "POST")
        assert denied.body.strip() == "RBAC: access denied"
        assert mesh.curl(URL).status == 200
    mesh.until("the policy to be gone", lambda: mesh.curl(URL, "-X", "POST").status == 200, EFFECTIVE_SECONDS)


def test_a_policy_by_identity_and_path(mesh):
    spec = f"""
action: ALLOW
rules:
- from: [{{source: {{principals: ["cluster.local/ns/{NAMESPACE}/sa/shell"]}}}}]
  to: [{{operation: {{paths: ["/public/*"]}}}}]
"""
    with mesh.applied(policy("public", spec)):
        mesh.until("the policy to be in force", lambda: mesh.curl(URL).status == 403, EFFECTIVE_SECONDS)
        assert mesh.curl(f"{URL}/public/a").status == 200
        # What the path means counts, not how it is written.
        assert mesh.curl(f"{URL}/public/../secret", "--path-as-is").status == 403
        other = mesh.exec("other", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{URL}/public/a")
        assert other.stdout == "403"


def tokens() -> tuple[str, dict[str, str]]:
    """A key set, and tokens signed with its key by an implementation that is not ours."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    def encode(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    keys = {
        "keys": [
            {
                "kty": "RSA", "kid": "one", "alg": "RS256", "use": "sig",
                "n": encode(numbers.n.to_bytes(256, "big")), "e": encode(numbers.e.to_bytes(3, "big")),
            }
        ]
    }

    def sign(claims: dict) -> str:
        head = encode(json.dumps({"alg": "RS256", "kid": "one", "typ": "JWT"}).encode())
        signed = f"{head}.{encode(json.dumps(claims).encode())}"
        return f"{signed}.{encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    now = int(time.time())
    base = {"iss": "https://issuer.example", "sub": "somebody", "exp": now + 600}
    good = sign({**base, "groups": ["admins"]})
    return json.dumps(keys), {
        "good": good,
        "weak": sign({**base, "groups": ["users"]}),
        "expired": sign({**base, "exp": now - 600}),
        "foreign": sign({**base, "iss": "https://other.example"}),
        "spoilt": good[:-8] + "AAAAAAAA",
    }


def test_tokens(mesh):
    keys, signed = tokens()
    target = "targetRefs: [{group: '', kind: Service, name: app}]\n"
    authentication = document(
        "RequestAuthentication", "security.istio.io/v1", "tokens",
        target + f"jwtRules:\n- issuer: https://issuer.example\n  jwks: '{keys}'\n"
        "  outputClaimToHeaders: [{header: x-subject, claim: sub}]\n",
    )
    admins = policy(
        "admins",
        "action: ALLOW\nrules: [{when: [{key: 'request.auth.claims[groups]', values: [admins]}]}]\n",
    )

    def with_token(name: str):
        return mesh.curl(URL, "-H", f"Authorization: Bearer {signed[name]}")

    with mesh.applied(authentication, admins):
        mesh.until("the policies to be in force", lambda: mesh.curl(URL).status == 403, EFFECTIVE_SECONDS)
        answer = with_token("good")
        assert answer.status == 200
        assert answer.json["headers"]["x-subject"] == "somebody"
        assert "authorization" not in answer.json["headers"]
        assert with_token("weak").status == 403
        expired = with_token("expired")
        assert (expired.status, expired.body.strip()) == (401, "Jwt is expired")
        assert with_token("foreign").status == 401
        assert with_token("spoilt").status == 401


def test_a_payload_rule(mesh):
    spec = """
targetRefs: [{group: '', kind: Service, name: app}]
action: DENY
match: {methods: [POST], contentTypes: [application/json]}
rules: [{json: {pointer: /transfer/amount, greaterThan: 10000}}]
deny: {status: 403, body: too much}
"""
    with mesh.applied(document("PayloadPolicy", "tulle.mesh/v1alpha1", "amounts", spec)):
        def post(body: str):
            return mesh.curl(URL, "-X", "POST", "-H", "content-type: application/json", "-d", body)

        mesh.until(
            "the policy to be in force",
            # Not any refusal: the policy of the test before may hold for a moment.
            lambda: post('{"transfer": {"amount": 10001}}').body.strip() == "too much", EFFECTIVE_SECONDS,
        )
        assert post('{"transfer": {"amount": 10001}}').status == 403
        passed = '{"transfer":  {"amount": 9999.5}}'
        assert post(passed).json["body"] == passed
        assert post('{"transfer": {"amount": 1, "amount": 99999}}').status == 400
        assert mesh.curl(URL).status == 200


def test_faults_and_retries(mesh):
    fault = virtual_service(
        "faults",
        "http:\n- match: [{headers: {x-break: {exact: 'yes'}}}]\n"
        "  fault: {abort: {percentage: {value: 100}, httpStatus: 418}}\n"
        f"  route: [{{destination: {{host: {HOST}}}}}]\n"
        "- match: [{headers: {x-slow: {exact: 'yes'}}}]\n"
        "  fault: {delay: {percentage: {value: 100}, fixedDelay: 700ms}}\n"
        f"  route: [{{destination: {{host: {HOST}}}}}]\n"
        "- match: [{uri: {prefix: /fail/}}]\n"
        "  retries: {attempts: 3, retryOn: '503', perTryTimeout: 2s}\n"
        f"  route: [{{destination: {{host: {HOST}}}}}]\n"
        "- match: [{uri: {prefix: /delay/}}]\n  timeout: 400ms\n"
        f"  route: [{{destination: {{host: {HOST}}}}}]\n"
        f"- route: [{{destination: {{host: {HOST}}}}}]\n",
    )
    with mesh.applied(fault):
        mesh.until(
            "the faults to be in force",
            lambda: mesh.curl(URL, "-H", "x-break: yes").status == 418, EFFECTIVE_SECONDS,
        )
        assert mesh.curl(URL, "-H", "x-break: yes").body.strip() == "fault filter abort"
        assert mesh.curl(URL, "-H", "x-slow: yes").seconds > 0.7
        stamp = time.time_ns()
        assert mesh.curl(f"{URL}/fail/2/{stamp}").status == 200
        assert mesh.curl(f"{URL}/fail/9/{stamp}x").status == 503
        late = mesh.curl(f"{URL}/delay/3000")
        assert (late.status, late.body.strip()) == (504, "upstream request timeout")
        assert late.seconds < 2


def test_a_retry_budget_stops_a_storm(mesh):
    rules = virtual_service(
        "storm",
        "http:\n- retries: {attempts: 3, retryOn: '503'}\n" f"  route: [{{destination: {{host: {HOST}}}}}]\n",
    )
    budget = destination_rule(
        "storm",
        "trafficPolicy:\n  retryBudget: {percent: 20, minRetryConcurrency: 1}\n",
    )
    with mesh.applied(rules, budget):
        time.sleep(2)
        before = mesh.curl(URL).json["requests"]
        done = mesh.exec(
            "shell", "h2load", "--h1", "-n", "1000", "-c", "10", f"{URL}/status/503", seconds=120, check=False
        )
        assert "5xx" in done.stdout
        asked = mesh.curl(URL).json["requests"] - before - 1
        # Without a budget there would be 4,000.
        assert 1000 <= asked <= 1400, asked


def test_an_outlier_is_ejected_and_comes_back(mesh):
    rule = destination_rule(
        "outliers",
        "trafficPolicy:\n  outlierDetection: {consecutive5xxErrors: 3, interval: 1s, baseEjectionTime: 3s, "
        "maxEjectionPercent: 100}\n",
    )
    with mesh.applied(rule):
        time.sleep(1)
        for _ in range(3):
            assert mesh.curl(f"{URL}/status/500").status == 500
        out = mesh.curl(URL)
        assert (out.status, out.body.strip()) == (503, "no healthy upstream")
        mesh.until("the endpoint to be back", lambda: mesh.curl(URL).status == 200, 10)


def test_zones_fail_over(mesh):
    """Endpoints of the waypoint's own zone come first, and those of the other when they are ejected."""
    rule = destination_rule(
        "zones",
        "trafficPolicy:\n  outlierDetection: {consecutive5xxErrors: 2, interval: 1s, baseEjectionTime: 4s, "
        "maxEjectionPercent: 100}\n",
        host=f"zonal.{NAMESPACE}.mesh.internal",
    )
    url = f"http://zonal.{NAMESPACE}"

    def settled() -> list[dict]:
        tasks = [task for task in mesh.tasks("zonal") if task["lastStatus"] != "STOPPED"]
        return tasks if [task["lastStatus"] for task in tasks] == ["RUNNING"] * 2 else []

    zones = {task["id"]: task["availabilityZone"] for task in mesh.wait("the rollout's end", settled, 60)}
    assert len(set(zones.values())) == 2, zones
    own = mesh.task(WAYPOINT)["availabilityZone"]
    with mesh.applied(rule):
        def zone() -> str | None:
            answer = mesh.curl(url)
            return zones[answer.json["task"]] if answer.status == 200 else None

        mesh.until("the rule to be in force", lambda: {zone() for _ in range(8)} == {own}, EFFECTIVE_SECONDS)
        for _ in range(2):
            assert mesh.curl(f"{url}/status/500").status == 500
        assert {zone() for _ in range(5)} == set(zones.values()) - {own}
        mesh.until("the own zone to be back", lambda: zone() == own, 15)


def test_a_mirror(mesh):
    rules = """
- filters: [{type: RequestMirror, requestMirror: {backendRef: {name: app-v2, port: 80}}}]
  backendRefs: [{name: app-v1, port: 80}]
"""
    with mesh.applied(route("mirror", rules)):
        mesh.until("the route to be in force", lambda: mesh.curl(URL).name == "app-v1", EFFECTIVE_SECONDS)
        before = mesh.curl(f"http://app-v2.{NAMESPACE}/").json["requests"]
        for _ in range(10):
            assert mesh.curl(URL, "-X", "POST", "-d", "copy me").name == "app-v1"
        mesh.until(
            "the copies to arrive",
            lambda: mesh.curl(f"http://app-v2.{NAMESPACE}/").json["requests"] - before >= 11, 5,
        )


def load(mesh, url: str, seconds: int) -> subprocess.Popen:
    return mesh.popen("shell", "h2load", "--h1", "-D", str(seconds), "-c", "32", "-t", "1", url)


def result(process: subprocess.Popen) -> tuple[int, float]:
    """How many requests failed, and how many there were a second."""
    output, _ = process.communicate(timeout=120)
    text = output if isinstance(output, str) else output.decode()
    found = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    assert found, text
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    rate = re.search(r"finished in [\d.]+s, ([\d.]+) req/s", text)
    bad = sum(int(found[place]) for place in (2, 3, 4)) + sum(int(codes[place]) for place in (2, 3, 4))
    return bad, float(rate[1])


def test_configuration_changes_under_load(mesh):
    url = f"http://web.{NAMESPACE}/"
    rules = "- filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: x-turn, value: '{}'}}]}}}}]\n  backendRefs: [{{name: web, port: 80}}]\n"
    mesh.until("the web server", lambda: mesh.curl(url).status == 200, 20)
    process = load(mesh, url, 8)
    for turn in range(4):
        mesh.tulle_in("apply", "-f", "-", text=route("turns", rules.format(turn), parent="web"))
        mesh.until("the change", lambda: mesh.curl(url).headers.get("x-turn") == str(turn), EFFECTIVE_SECONDS)
    mesh.tulle_in("delete", "-f", "-", text=route("turns", rules.format(0), parent="web"))
    bad, rate = result(process)
    print(f"{rate:.0f} requests/s")
    assert bad == 0


def namespace(labels: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}, labels: {{{labels}}}}}\n"


def test_a_waypoint_is_let_go_and_bound_again_under_load(mesh):
    """Requests go round it while the namespace names none, and through it as soon as it does again."""
    url = f"http://web.{NAMESPACE}/"

    def passes() -> bool:
        answer = mesh.curl(url)
        assert answer.status == 200
        return "x-envoy-upstream-service-time" in answer.headers

    mesh.until("the web server", passes, 20)
    process = load(mesh, url, 8)
    mesh.tulle_in("apply", "-f", "-", text=namespace(""))
    mesh.until("requests to go round the waypoint", lambda: not passes(), EFFECTIVE_SECONDS)
    mesh.tulle_in("apply", "-f", "-", text=GATEWAY)
    mesh.until("requests to pass the waypoint", passes, EFFECTIVE_SECONDS)
    bad, rate = result(process)
    print(f"{rate:.0f} requests/s")
    assert bad == 0


def test_a_waypoint_that_is_not_there_is_not_gone_round(mesh):
    mesh.tulle_in("apply", "-f", "-", text=namespace("istio.io/use-waypoint: nobody"))
    try:
        mesh.until("connections to be refused", lambda: mesh.curl(URL).status == 0, EFFECTIVE_SECONDS)
    finally:
        mesh.tulle_in("apply", "-f", "-", text=GATEWAY)
    mesh.until("a waypoint that is there to be used", lambda: mesh.curl(URL).status == 200, EFFECTIVE_SECONDS)
    assert mesh.curl(URL).name == "app"


def test_a_waypoint_is_replaced_under_load(mesh):
    url = f"http://web.{NAMESPACE}/"
    mesh.until("the web server", lambda: mesh.curl(url).status == 200, 20)
    old = mesh.task(WAYPOINT)["id"]
    process = load(mesh, url, 25)
    time.sleep(1)
    mesh.aws("ecs", "update-service", "--cluster", CLUSTER, "--service", WAYPOINT, "--force-new-deployment")
    mesh.wait_replaced(WAYPOINT, old)
    bad, rate = result(process)
    print(f"{rate:.0f} requests/s")
    assert bad == 0


def test_a_killed_waypoint_is_not_missed(mesh):
    """Of two the one that serves the client dies without a word, and every later request passes by the other."""
    url = f"http://web.{NAMESPACE}/"
    mesh.scale(WAYPOINT, 2)
    tasks = mesh.wait_healthy(WAYPOINT, 2)
    # Both are known to clients by then; which of them is used is the client's choice.
    time.sleep(EFFECTIVE_SECONDS)

    def served(task: dict) -> int:
        command = ["ip", "netns", "exec", task["namespace"], "curl", "-s", "http://127.0.0.1:15020/metrics"]
        text = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout
        return sum(int(count) for count in re.findall(r"^istio_requests_total\{.*\} (\d+)", text, re.MULTILINE))

    before = [served(task) for task in tasks]
    for _ in range(5):
        assert mesh.curl(url).status == 200
    victim = max(zip(tasks, before), key=lambda pair: served(pair[0]) - pair[1])[0]
    for process in mesh.processes(WAYPOINT, "waypoint", task=victim):
        mesh.kill(process)
    for turn in range(20):
        answer = mesh.curl(url)
        assert answer.status == 200, f"request {turn}: {answer}"
        assert answer.headers.get("server") == "istio-envoy", answer

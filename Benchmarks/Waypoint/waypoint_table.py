"""The waypoint's figures on the page of performance, and what they are to reach."""

from __future__ import annotations

from bench_page import Aim, Table, most, ratio_least, ratio_most

TABLE = Table("waypoint", "Envoy", {
    "waypoint.h1_rps1": ("HTTP/1.1, 1 connection", None),
    "waypoint.h1_cpu_per_req1": ("processor time of such a request", None),
    "waypoint.h1_p99_1": ("p99 of such a request", None),
    "waypoint.h1_rps64": ("HTTP/1.1, 64 connections", None),
    "waypoint.h1_per_core64": ("such requests in a second of processor time", ratio_least(1.3)),
    "waypoint.p50_64": ("p50 of such a request", None),
    "waypoint.p99_64": ("p99 of such a request", ratio_most(1)),
    "waypoint.h2_rps1": ("HTTP/2, 1 connection", None),
    "waypoint.h2_cpu_per_req1": ("processor time of such a request", None),
    "waypoint.h2_p99_1": ("p99 of such a request", None),
    "waypoint.h2_rps64": ("HTTP/2, 64 connections", None),
    "waypoint.h2_per_core64": ("such requests in a second of processor time", ratio_least(1.3)),
    "waypoint.h2_p50_64": ("p50 of such a request", None),
    "waypoint.h2_p99_64": ("p99 of such a request", ratio_most(1)),
    "waypoint.routes_cpu1": ("processor time of a request, 1 route by header", None),
    "waypoint.routes_cpu100": ("processor time of a request, the last of 100 routes", None),
    "waypoint.routes_cpu1000": ("processor time of a request, the last of 1,000 routes", None),
    "waypoint.routes1000": (
        "the last of 1,000 routes, held against 1 route",
        Aim("ours ≤ 1.3", lambda entry: entry["tulle"] <= 1.3),
    ),
    "waypoint.token_rps64": ("a token is checked, and a claim of it by a policy", None),
    "waypoint.token_cpu_per_req64": ("processor time of such a request", None),
    "waypoint.log_rps64": ("with an access log", None),
    "waypoint.log_cpu_per_req64": ("processor time of such a request", None),
    "waypoint.idle_rss": ("idle, resident", most(20, "MiB")),
    "waypoint.idle_anon": ("idle, anonymous", None),
    "waypoint.idle_cpu": ("idle, processor time", None),
})

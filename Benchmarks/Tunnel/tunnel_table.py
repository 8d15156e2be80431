"""The tunnel's figures on the page of performance, and what they are to reach."""

from __future__ import annotations

from bench_page import Aim, Table, most, ratio_least, ratio_most

TABLE = Table("tunnel", "Envoy", {
    "tunnel.rps1": ("requests of 1 KiB, 1 connection", None),
    "tunnel.rps64": ("requests of 1 KiB, 64 connections", ratio_least(2.0)),
    "tunnel.rps512": ("requests of 1 KiB, 512 connections", None),
    "tunnel.cpu_per_req1": ("processor time of a request, 1 connection, both hops", None),
    "tunnel.p50_1": ("p50 of a request, 1 connection", None),
    "tunnel.p99_1": ("p99 of a request, 1 connection", None),
    "tunnel.p50_64": ("p50 of a request, 64 connections", None),
    "tunnel.p99_64": ("p99 of a request, 64 connections", ratio_most(0.6)),
    "tunnel.cpu_per_req64": ("processor time of a request, 64 connections, both hops", ratio_most(0.55)),
    "tunnel.p999_64": ("p99.9 of a request, 64 connections", None),
    "tunnel.cpu_per_req512": ("processor time of a request, 512 connections, both hops", None),
    "tunnel.p50_512": ("p50 of a request, 512 connections", None),
    "tunnel.p99_512": ("p99 of a request, 512 connections", None),
    "tunnel.conns_pooled": ("new connections in shared tunnels", ratio_least(2.2)),
    "tunnel.cpu_per_conn": ("processor time of such a connection, both hops", None),
    "tunnel.conns_fresh": ("new connections, each in a fresh tunnel", None),
    "tunnel.cpu_per_conn_fresh": ("processor time of such a connection, both hops", None),
    "tunnel.bulk_up": ("one stream to the server", ratio_least(1.3)),
    "tunnel.bulk_down": ("one stream from the server", ratio_least(1.3)),
    "tunnel.cpu_per_gb": ("processor time of a gigabyte, up and down, both hops", ratio_most(0.7)),
    "tunnel.cpu_per_gb_up": ("of that, up alone", None),
    "tunnel.cpu_per_gb_down": ("of that, down alone", None),
    "tunnel.policy1000": (
        "rate of new connections under 1,000 rules",
        Aim("ours > 0.98", lambda entry: entry["tulle"] > 0.98),
    ),
    "tunnel.policy1000_cpu": ("processor time of a connection under 1,000 rules", None),
    "size.idle_rss": ("idle, resident", most(8, "MiB")),
    "size.idle_anon": ("idle, anonymous", most(1, "MiB")),
    "size.per_idle_tunnel": ("anonymous memory of one of 1,000 idle connections", most(2, "KiB")),
    "size.per_idle_tunnel_10k": ("anonymous memory of one of 10,000 idle connections", most(2, "KiB")),
    "size.rss_10k_tunnels": ("with 10,000 idle connections, resident", None),
    "size.rss_10k_on_demand": ("in a mesh of 10,000 workloads, on demand, resident", most(10, "MiB")),
    "size.rss_10k_pushed": ("told of 10,000 workloads, resident", None),
    "size.idle_cpu": ("idle, processor time", most(20, "ms")),
    "size.idle_wakeups": ("idle, wake-ups", None),
})

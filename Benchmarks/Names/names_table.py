"""The name server's figures on the page of performance."""

from __future__ import annotations

from bench_page import Table

TABLE = Table("names", "unbound", {
    "dns.qps": ("as many questions as it answers, 100 under way", None),
    "dns.cpu_per_query": ("processor time of such a question", None),
    "dns.latency": ("average time of such an answer", None),
    "dns.p50": ("p50 at 5,000 questions a second", None),
    "dns.p99": ("p99 at 5,000 questions a second", None),
    "dns.cpu_per_query_paced": ("processor time of such a question", None),
})

#!/usr/bin/env python3
"""Writes the Grafana dashboards in this folder, so that panels stay short to read and alike.

    make_dashboards.py           writes *.json
    make_dashboards.py --check   fails when a file is not what this script writes, or a query asks for a metric that
                                 docs/metrics.md does not list
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs/metrics.md"

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
QUANTILES = (("p50", "0.50"), ("p90", "0.90"), ("p99", "0.99"))
#: Words of PromQL that are no metrics.
WORDS = {
    "by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool", "inf", "nan",
}


def rate(metric: str, labels: str = "", by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({metric}{{{labels}}}[$__rate_interval]))"


def ratio(metric: str, good: str, labels: str, by: str = "") -> str:
    """The share of what matches `good` besides `labels`; nothing where there is no traffic."""
    return f"{rate(metric, f'{labels},{good}' if labels else good, by)} / {rate(metric, labels, by)}"


def quantile(metric: str, q: str, labels: str = "", by: str = "") -> str:
    grouping = "le" + (f", {by}" if by else "")
    return f"histogram_quantile({q}, {rate(metric + '_bucket', labels, grouping)})"


class Dashboard:
    """Panels from left to right, 24 columns a row."""

    def __init__(self, uid: str, title: str, description: str, variables: list[dict]):
        self.uid, self.title, self.description = uid, title, description
        self.variables = variables
        self.panels: list[dict] = []
        self.x = self.y = self.height = 0

    def row(self, title: str) -> None:
        self.y += self.height
        self.x = self.height = 0
        self.panels.append({
            "id": len(self.panels) + 1, "type": "row", "title": title, "collapsed": False,
            "gridPos": {"h": 1, "w": 24, "x": 0, "y": self.y}, "panels": [],
        })
        self.y += 1

    def place(self, width: int, height: int) -> dict:
        if self.x + width > 24:
            self.y += self.height
            self.x = self.height = 0
        position = {"h": height, "w": width, "x": self.x, "y": self.y}
        self.x += width
        self.height = max(self.height, height)
        return position

    def panel(self, kind: str, title: str, unit: str, targets: list[tuple[str, str]], width: int, height: int,
              **more: object) -> None:
        self.panels.append({
            "id": len(self.panels) + 1, "type": kind, "title": title, "datasource": SOURCE,
            "gridPos": self.place(width, height),
            "fieldConfig": {"defaults": {"unit": unit, **more.pop("defaults", {})}, "overrides": []},
            "targets": [
                {"refId": chr(65 + i), "datasource": SOURCE, "expr": expr, "legendFormat": legend, **more.get("target", {})}
                for i, (legend, expr) in enumerate(targets)
            ],
            **{k: v for k, v in more.items() if k != "target"},
        })

    def graph(self, title: str, unit: str, *targets: tuple[str, str], width: int = 12, height: int = 8) -> None:
        self.panel("timeseries", title, unit, list(targets), width, height,
                   options={"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
                            "tooltip": {"mode": "multi", "sort": "desc"}},
                   defaults={"custom": {"fillOpacity": 8, "showPoints": "never"}})

    def number(self, title: str, unit: str, expr: str, width: int = 6, height: int = 4) -> None:
        self.panel("stat", title, unit, [("", expr)], width, height,
                   options={"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area"})

    def table(self, title: str, columns: list[tuple[str, str, str]], width: int = 24, height: int = 10) -> None:
        """Columns are name, unit and an instant query; rows are joined by their labels."""
        self.panels.append({
            "id": len(self.panels) + 1, "type": "table", "title": title, "datasource": SOURCE,
            "gridPos": self.place(width, height),
            "targets": [
                {"refId": chr(65 + i), "datasource": SOURCE, "expr": expr, "format": "table", "instant": True}
                for i, (_, _, expr) in enumerate(columns)
            ],
            "transformations": [
                {"id": "merge", "options": {}},
                {"id": "organize", "options": {
                    "excludeByName": {"Time": True},
                    "renameByName": {f"Value #{chr(65 + i)}": name for i, (name, _, _) in enumerate(columns)},
                }},
            ],
            "fieldConfig": {"defaults": {}, "overrides": [
                {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
                for name, unit, _ in columns
            ]},
        })

    def json(self) -> str:
        value = {
            "uid": self.uid, "title": self.title, "description": self.description, "tags": ["tulle"],
            "schemaVersion": 39, "version": 1, "editable": True, "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"}, "timezone": "browser",
            "templating": {"list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                *self.variables,
            ]},
            "panels": self.panels,
        }
        return json.dumps(value, indent=1, sort_keys=True) + "\n"


def variable(name: str, label: str, query: str, everything: bool = True) -> dict:
    """A variable with the values of a label."""
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1,
        "query": {"query": query, "refId": name}, "definition": query, "multi": everything, "includeAll": everything,
        **({"allValue": ".*", "current": {"text": "All", "value": "$__all"}} if everything else {}),
    }


def seconds(board: Dashboard, title: str, metric: str, labels: str = "") -> None:
    board.graph(title, "s", *[(p, quantile(metric, q, labels)) for p, q in QUANTILES])


def mesh() -> Dashboard:
    board = Dashboard("tulle-mesh", "Tulle Mesh", "All requests and connections of the mesh.", [])
    requests = "istio_requests_total"
    board.number("Requests", "reqps", rate(requests))
    board.number("Success rate", "percentunit", ratio(requests, 'response_code!~"5.."', ""))
    board.number("4xx", "reqps", rate(requests, 'response_code=~"4.."'))
    board.number("5xx", "reqps", rate(requests, 'response_code=~"5.."'))
    board.number("Open TCP sockets", "short", "sum (istio_tcp_sockets_open)")
    board.number("New connections", "cps", rate("istio_tcp_connections_opened_total", 'reporter="source"'))
    board.number("Failed connections", "cps", rate("istio_tcp_connections_failed_total"))
    board.number("Without mutual TLS", "cps",
                 rate("istio_tcp_connections_opened_total", 'reporter="destination",connection_security_policy!="mutual_tls"'))
    board.row("Services with a waypoint")
    by, duration = "destination_service, destination_workload", "istio_request_duration_milliseconds"
    board.table("HTTP and gRPC", [
        ("Requests", "reqps", rate(requests, "", by)),
        ("p50", "ms", quantile(duration, "0.50", "", by)), ("p90", "ms", quantile(duration, "0.90", "", by)),
        ("p99", "ms", quantile(duration, "0.99", "", by)),
        ("Success rate", "percentunit", ratio(requests, 'response_code!~"5.."', "", by)),
    ])
    board.row("Connections")
    by = "destination_service, destination_workload"
    board.table("TCP", [
        ("Opened", "cps", rate("istio_tcp_connections_opened_total", 'reporter="destination"', by)),
        ("Received", "Bps", rate("istio_tcp_received_bytes_total", 'reporter="destination"', by)),
        ("Sent", "Bps", rate("istio_tcp_sent_bytes_total", 'reporter="destination"', by)),
        ("Failed", "cps", rate("istio_tcp_connections_failed_total", 'reporter="destination"', by)),
    ])
    board.graph("Failed connections by reason", "cps",
                ("{{reporter}} {{code}}", rate("tulle_connection_failures_total", "", "reporter, code")))
    board.graph("Versions", "short", ("{{component}} {{tag}}", "sum by (component, tag) (istio_build)"))
    return board


def request_rows(board: Dashboard, labels: str, by: str, legend: str) -> None:
    """The panels of one side's requests."""
    requests, duration = "istio_requests_total", "istio_request_duration_milliseconds"
    board.graph("Requests by code", "reqps", (f"{legend} {{{{response_code}}}}", rate(requests, labels, f"{by}, response_code")))
    board.graph("Success rate", "percentunit", (legend, ratio(requests, 'response_code!~"5.."', labels, by)))
    board.graph("Duration", "ms", *[(f"{legend} {p}", quantile(duration, q, labels, by)) for p, q in QUANTILES])
    board.graph("Response flags", "reqps",
                (f"{legend} {{{{response_flags}}}}", rate(requests, f'{labels},response_flags!="-"', f"{by}, response_flags")))
    board.graph("Request size", "bytes", *[(f"{legend} {p}", quantile("istio_request_bytes", q, labels, by)) for p, q in QUANTILES])
    board.graph("Response size", "bytes", *[(f"{legend} {p}", quantile("istio_response_bytes", q, labels, by)) for p, q in QUANTILES])


def tcp_rows(board: Dashboard, labels: str, by: str, legend: str) -> None:
    board.graph("TCP bytes from clients", "Bps", (legend, rate("istio_tcp_received_bytes_total", labels, by)))
    board.graph("TCP bytes to clients", "Bps", (legend, rate("istio_tcp_sent_bytes_total", labels, by)))
    board.graph("TCP connections opened", "cps", (legend, rate("istio_tcp_connections_opened_total", labels, by)))
    board.graph("TCP connections closed by flag", "cps",
                (f"{legend} {{{{response_flags}}}}",
                 rate("istio_tcp_connections_closed_total", labels, f"{by}, response_flags")))


def security(board: Dashboard, labels: str) -> None:
    """Traffic with and without mutual TLS."""
    for title, metric, unit in (("Requests", "istio_requests_total", "reqps"),
                                ("TCP connections", "istio_tcp_connections_opened_total", "cps")):
        board.graph(f"{title} by security", unit,
                    ("mutual TLS", rate(metric, f'{labels},connection_security_policy="mutual_tls"')),
                    ("without", rate(metric, f'{labels},connection_security_policy!="mutual_tls"')))


def service() -> Dashboard:
    board = Dashboard("tulle-service", "Tulle Service", "One service: who calls it, and how it answers.", [
        variable("service", "Service",
                 'query_result(sum by (destination_service) ({__name__=~"istio_requests_total|istio_tcp_connections_opened_total"}))',
                 everything=False),
        variable("source", "Client workload", 'label_values(istio_tcp_connections_opened_total{destination_service="$service"}, source_workload)'),
    ])
    board.variables[0]["regex"] = '/destination_service="([^"]+)"/'
    only = 'destination_service="$service"'
    board.number("Requests", "reqps", rate("istio_requests_total", only))
    board.number("Success rate", "percentunit", ratio("istio_requests_total", 'response_code!~"5.."', only))
    board.number("p99", "ms", quantile("istio_request_duration_milliseconds", "0.99", only))
    board.number("TCP bytes", "Bps", rate("istio_tcp_sent_bytes_total", f'{only},reporter=~"destination|waypoint"'))
    security(board, only)
    board.row("By client")
    labels = f'{only},source_workload=~"$source"'
    request_rows(board, labels, "source_workload, source_workload_namespace", "{{source_workload}}.{{source_workload_namespace}}")
    tcp_rows(board, f'{labels},reporter=~"destination|waypoint"', "source_workload, source_workload_namespace",
             "{{source_workload}}.{{source_workload_namespace}}")
    board.row("By backend")
    request_rows(board, only, "destination_workload, destination_version", "{{destination_workload}} {{destination_version}}")
    board.graph("gRPC messages", "ops",
                ("from clients", rate("istio_request_messages_total", only)),
                ("to clients", rate("istio_response_messages_total", only)))
    return board


def workload() -> Dashboard:
    board = Dashboard("tulle-workload", "Tulle Workload", "One workload: what it is asked, and what it asks.", [
        variable("namespace", "Namespace", "label_values(istio_tcp_connections_opened_total, destination_workload_namespace)", everything=False),
        variable("workload", "Workload",
                 'label_values(istio_tcp_connections_opened_total{destination_workload_namespace="$namespace"}, destination_workload)',
                 everything=False),
    ])
    inbound = 'destination_workload="$workload",destination_workload_namespace="$namespace"'
    outbound = 'source_workload="$workload",source_workload_namespace="$namespace"'
    board.number("Requests in", "reqps", rate("istio_requests_total", inbound))
    board.number("Success rate in", "percentunit", ratio("istio_requests_total", 'response_code!~"5.."', inbound))
    board.number("Requests out", "reqps", rate("istio_requests_total", outbound))
    board.number("Success rate out", "percentunit", ratio("istio_requests_total", 'response_code!~"5.."', outbound))
    security(board, inbound)
    board.row("Inbound")
    request_rows(board, inbound, "source_workload", "{{source_workload}}")
    tcp_rows(board, f'{inbound},reporter="destination"', "source_workload", "{{source_workload}}")
    board.row("Outbound")
    request_rows(board, outbound, "destination_service", "{{destination_service}}")
    tcp_rows(board, f'{outbound},reporter="source"', "destination_service", "{{destination_service}}")
    return board


def process(board: Dashboard, labels: str) -> None:
    """What a data plane's process uses."""
    board.row("Process")
    board.graph("Memory", "bytes", ("{{instance}}", f"process_resident_memory_bytes{{{labels}}}"))
    board.graph("Busy event loops", "percentunit",
                ("{{instance}} {{loop}}", rate("tulle_loop_busy_seconds_total", labels, "instance, loop")))
    board.graph("Descriptors", "short",
                ("{{instance}}", f"process_open_fds{{{labels}}}"), ("{{instance}} limit", f"process_max_fds{{{labels}}}"))
    board.graph("Watched descriptors and timers", "short",
                ("{{instance}} descriptors", f"sum by (instance) (tulle_loop_descriptors{{{labels}}})"),
                ("{{instance}} timers", f"tulle_loop_timers{{{labels}}}"))
    board.graph("Turns of event loops", "ops", ("{{instance}}", rate("tulle_loop_turns_total", labels, "instance")))
    board.graph("Lost log lines and spans", "ops",
                ("{{instance}} lines", rate("tulle_log_lines_dropped_total", labels, "instance")),
                ("{{instance}} spans", rate("tulle_trace_spans_dropped_total", labels, "instance")))


def control_link(board: Dashboard, labels: str) -> None:
    """The data plane's way to the control plane."""
    board.row("Control plane")
    board.graph("Discovery messages", "ops", ("{{url}}", rate("istio_xds_message_total", labels, "url")))
    board.graph("Discovery bytes", "Bps", ("{{url}}", rate("istio_xds_message_bytes_total", labels, "url")))
    board.graph("Ended discovery streams", "ops",
                ("{{reason}}", rate("istio_xds_connection_terminations_total", labels, "reason")))
    board.graph("Certificate requests", "ops", ("{{outcome}}", rate("tulle_certificate_requests_total", labels, "outcome")))


def ztunnel() -> Dashboard:
    board = Dashboard("tulle-ztunnel", "Tulle ztunnel", "The tunnels beside the workloads.", [
        variable("instance", "Instance", 'label_values(istio_build{component="ztunnel"}, instance)'),
    ])
    labels = 'instance=~"$instance"'
    board.number("Instances", "short", f'count (istio_build{{component="ztunnel",{labels}}})')
    board.number("Open sockets", "short", f"sum (istio_tcp_sockets_open{{{labels}}})")
    board.number("Workloads", "short", f"sum (workload_manager_active_proxy_count{{{labels}}})")
    board.number("Workloads that wait", "short", f"sum (workload_manager_pending_proxy_count{{{labels}}})")
    board.row("Connections")
    board.graph("Opened", "cps", ("{{reporter}}", rate("istio_tcp_connections_opened_total", labels, "reporter")))
    board.graph("Closed by flag", "cps",
                ("{{reporter}} {{response_flags}}", rate("istio_tcp_connections_closed_total", labels, "reporter, response_flags")))
    board.graph("Bytes", "Bps",
                ("{{reporter}} from clients", rate("istio_tcp_received_bytes_total", labels, "reporter")),
                ("{{reporter}} to clients", rate("istio_tcp_sent_bytes_total", labels, "reporter")))
    board.graph("Open sockets", "short", ("{{reporter}}", f"sum by (reporter) (istio_tcp_sockets_open{{{labels}}})"))
    board.graph("Failures by code", "cps",
                ("{{reporter}} {{code}}", rate("tulle_connection_failures_total", labels, "reporter, code")))
    board.graph("Second attempts, pauses, revoked peers", "ops",
                ("attempts: {{reason}}", rate("tulle_outbound_retries_total", labels, "reason")),
                ("pauses of accepting", rate("tulle_accept_pauses_total", labels)),
                ("revoked peers", rate("istio_crl_policy_rejections_total", labels)))
    board.row("Names")
    board.graph("Questions", "ops",
                ("asked", rate("istio_dns_requests_total", labels)),
                ("passed on", rate("istio_dns_upstream_requests_total", labels)),
                ("failed", rate("istio_dns_upstream_failures_total", labels)),
                ("on demand", rate("istio_on_demand_dns_total", labels)))
    seconds(board, "Duration of passed on questions", "istio_dns_upstream_request_duration_seconds", labels)
    board.row("Workloads")
    board.graph("Started and stopped", "ops",
                ("started", rate("workload_manager_proxies_started_total", labels)),
                ("stopped", rate("workload_manager_proxies_stopped_total", labels)))
    control_link(board, labels)
    process(board, labels)
    return board


def waypoint() -> Dashboard:
    board = Dashboard("tulle-waypoint", "Tulle Waypoint", "The proxies that route and judge requests.", [
        variable("instance", "Instance", 'label_values(istio_build{component="proxy"}, instance)'),
    ])
    labels = 'instance=~"$instance",reporter="waypoint"'
    board.number("Requests", "reqps", rate("istio_requests_total", labels))
    board.number("Success rate", "percentunit", ratio("istio_requests_total", 'response_code!~"5.."', labels))
    board.number("p50", "ms", quantile("istio_request_duration_milliseconds", "0.50", labels))
    board.number("p99", "ms", quantile("istio_request_duration_milliseconds", "0.99", labels))
    board.row("Requests")
    board.graph("By instance", "reqps", ("{{instance}}", rate("istio_requests_total", labels, "instance")))
    board.graph("By service", "reqps", ("{{destination_service}}", rate("istio_requests_total", labels, "destination_service")))
    request_rows(board, labels, "request_protocol", "{{request_protocol}}")
    board.graph("gRPC messages", "ops",
                ("from clients", rate("istio_request_messages_total", labels)),
                ("to clients", rate("istio_response_messages_total", labels)))
    board.graph("Refused", "reqps",
                ("401", rate("istio_requests_total", f'{labels},response_code="401"')),
                ("403", rate("istio_requests_total", f'{labels},response_code="403"')),
                ("429", rate("istio_requests_total", f'{labels},response_code="429"')))
    board.row("Opaque connections")
    tcp_rows(board, labels, "destination_service", "{{destination_service}}")
    own = 'instance=~"$instance"'
    board.row("Destinations")
    board.graph("Under way", "short", ("{{kind}}", f"sum by (kind) (tulle_waypoint_active{{{own}}})"))
    board.graph("Towards destinations", "short",
                ("{{cluster}} {{kind}}", f"sum by (cluster, kind) (tulle_upstream_active{{{own}}})"))
    board.graph("Endpoints", "short",
                ("{{cluster}} {{state}}", f"max by (cluster, state) (tulle_upstream_endpoints{{{own}}})"))
    board.graph("Ejections and overflow", "ops",
                ("{{cluster}} ejected", rate("tulle_upstream_ejections_total", own, "cluster")),
                ("{{cluster}} {{kind}}", rate("tulle_upstream_overflow_total", own, "cluster, kind")))
    board.graph("Retries and mirrors", "ops",
                ("{{kind}}", rate("tulle_http_retries_total", own, "kind")),
                ("mirror {{result}}", rate("tulle_http_mirrored_total", own, "result")))
    board.row("Policies")
    board.graph("Tokens", "ops", ("{{result}}", rate("tulle_token_checks_total", own, "result")))
    board.graph("Authorizers", "ops",
                ("{{authorizer}} {{result}}", rate("tulle_authorizer_checks_total", own, "authorizer, result")))
    board.graph("Dry runs", "ops", ("{{action}} {{result}}", rate("istio_dry_run_total", own, "action, result")))
    board.graph("Bodies under inspection", "bytes", ("{{instance}}", f"tulle_inspected_bytes{{{own}}}"))
    board.graph("Not HTTP", "ops", ("{{reason}}", rate("tulle_http_refusals_total", own, "reason")))
    board.row("Telemetry")
    board.graph("Counted without a series of their own", "ops",
                ("{{instance}}", rate("tulle_request_series_overflowed_total", own, "instance")))
    control_link(board, own)
    process(board, own)
    return board


def control_plane() -> Dashboard:
    board = Dashboard("tulle-control-plane", "Tulle Control Plane", "tulled: pushes, certificates, discovery.", [
        variable("instance", "Instance", "label_values(pilot_xds, instance)"),
    ])
    labels = 'instance=~"$instance"'
    board.number("Data planes", "short", f"sum (pilot_xds{{{labels}}})")
    board.number("Services", "short", f"max (pilot_services{{{labels}}})")
    board.number("Uptime", "s", f"min (istiod_uptime_seconds{{{labels}}})")
    board.number("Root certificate ends in", "s", f"min (citadel_server_root_cert_expiry_timestamp{{{labels}}}) - time()")
    board.number("Intermediate ends in", "s", f"min (citadel_server_cert_chain_expiry_timestamp{{{labels}}}) - time()")
    board.row("Pushes")
    board.graph("Responses", "ops", ("{{type}}", rate("pilot_xds_pushes", labels, "type")))
    board.graph("Rejected and late", "ops",
                ("rejected {{type}}", rate("pilot_total_xds_rejects", labels, "type")),
                ("late {{type}}", rate("pilot_xds_expired_nonce", labels, "type")))
    seconds(board, "From a change to its push", "pilot_debounce_time", labels)
    seconds(board, "Compiling", "pilot_xds_push_time", labels)
    seconds(board, "Sending", "pilot_xds_send_time", labels)
    board.graph("Size of responses", "bytes",
                *[(p, quantile("pilot_xds_config_size_bytes", q, labels)) for p, q in QUANTILES])
    board.row("Discovery")
    board.graph("Observations", "ops", ("{{type}}", rate("pilot_inbound_updates", labels, "type")))
    board.graph("Refused streams", "ops", ("{{code}}", rate("tulle_xds_refused_streams_total", labels, "code")))
    board.row("Certificates")
    board.graph("Requests", "ops",
                ("asked", rate("citadel_server_csr_count", labels)),
                ("given out", rate("citadel_server_success_cert_issuance_count", labels)))
    board.graph("Refused", "ops", ("{{code}}", rate("tulle_certificate_refusals_total", labels, "code")))
    return board


def metrics(query: str) -> set[str]:
    """The metrics that a query asks for, as far as they are written in it."""
    names = set(re.findall(r'__name__=~?"([^"]+)"', query))
    found = {name for text in names for name in text.split("|")}
    # A variable's query is a function of Grafana's around a selector.
    query = re.sub(r"^label_values\(([^,]+(?:\{[^}]*\})?), *\w+\)$", r"\1", query)
    query = re.sub(r"^query_result\((.*)\)$", r"\1", query)
    query = re.sub(r'"(?:[^"\\]|\\.)*"', '""', query)
    query = re.sub(r"\{[^}]*\}", "", query)
    query = re.sub(r"\[[^\]]*\]", "", query)
    query = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", query)
    for match in re.finditer(r"(?<![\w.$])([a-zA-Z_:][\w:]*)\s*(\(?)", query):
        if not match[2] and match[1].lower() not in WORDS:
            found.add(match[1])
    return found


def listed() -> dict[str, str]:
    """The families of docs/metrics.md and their types."""
    families: dict[str, str] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) >= 4 and cells[0] == "":
            for name in re.findall(r"`([a-z][a-z0-9_]+)(?:\{[^}`]*\})?`", cells[1]):
                families[name] = cells[2].split(",")[0]
    return families


def queries(value: object) -> list[str]:
    """Every query of a dashboard."""
    if isinstance(value, dict):
        own = [value[key] for key in ("expr", "definition") if isinstance(value.get(key), str)]
        return own + [query for child in value.values() for query in queries(child)]
    return [query for child in value for query in queries(child)] if isinstance(value, list) else []


def unlisted(text: str, families: dict[str, str]) -> list[str]:
    missing = []
    for query in queries(json.loads(text)):
        for name in metrics(query):
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            if name not in families and families.get(family) != "histogram":
                missing.append(f"{name} in {query}")
    return missing


def syntax(texts: list[str]) -> str:
    """What Prometheus' own parser says against the queries, where it is installed; nothing when all are well."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return ""
    rules = []
    for query in (query for text in texts for query in queries(json.loads(text))):
        if not re.match(r"label_values\(|query_result\(", query):
            rules.append({"record": f"q{len(rules)}", "expr": query.replace("$__rate_interval", "5m")})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"groups": [{"name": "dashboards", "rules": rules}]}, file)
        file.flush()
        done = subprocess.run([promtool, "check", "rules", "--lint=none", file.name], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    families = listed()
    failed = False
    texts = []
    for name, board in (("mesh", mesh()), ("service", service()), ("workload", workload()), ("ztunnel", ztunnel()),
                        ("waypoint", waypoint()), ("control-plane", control_plane())):
        path, text = HERE / f"{name}.json", board.json()
        texts.append(text)
        for missing in unlisted(text, families):
            print(f"{path.name}: docs/metrics.md does not list {missing}", file=sys.stderr)
            failed = True
        if sys.argv[1:] == ["--check"]:
            if not path.exists() or path.read_text() != text:
                print(f"{path.name} is not what make_dashboards.py writes", file=sys.stderr)
                failed = True
        else:
            path.write_text(text)
    if complaint := syntax(texts):
        print(complaint, file=sys.stderr)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

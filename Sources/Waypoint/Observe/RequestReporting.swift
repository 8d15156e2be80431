import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Counts and reports what one loop carried.
final class RequestReporting {
    private let meter: RequestMeter
    private let shadows: MetricFamily<Counter>
    private let refusals: MetricFamily<Counter>

    init(_ metrics: RequestMetrics, registry: MetricsRegistry) {
        self.meter = RequestMeter(metrics)
        self.shadows = registry.counters(
            "istio_dry_run_total",
            help: "Requests that a policy in dry run would have let pass or not.",
            labels: ["action", "result"]
        )
        self.refusals = registry.counters(
            "tulle_http_refusals_total",
            help: "Requests that were not taken as HTTP, by what was wrong.",
            labels: ["reason"]
        )
    }

    /// A request is over.
    func ended(_ exchange: Exchange) {
        exchange.served.telemetry.finish(&exchange.record, meter: self.meter)
    }

    /// An opaque connection is over.
    func ended(_ record: inout RequestRecord, _ telemetry: RequestTelemetry) {
        telemetry.finish(&record, meter: self.meter)
    }

    /// Counts what was carried so far of a connection that goes on.
    func tick(_ record: inout RequestRecord, rules: MetricRules) { self.meter.tick(&record, rules: rules) }

    /// A request was no HTTP.
    func refused(_ refusal: HTTPRefusal, on inner: InnerConnection) {
        self.refusals.with(refusal.rawValue).add()
        var record = RequestRecord(.http, start: inner.worker.wallClock)
        record.source = inner.source
        record.security = .mutualTLS
        record.localPrincipal = inner.localPrincipal
        record.downstreamRemoteAddress = inner.sourceText
        record.downstreamLocalAddress = inner.destinationText
        record.service = inner.serviceLabels
        record.responseCode = UInt16(clamping: refusal.status)
        record.responseDetails = refusal.detail
        if let flag = OutcomeFlags(name: refusal.flag) { record.flags.insert(flag) }
        inner.served.telemetry.finish(&record, meter: self.meter)
    }

    /// Notes what payload policies said beside their verdict.
    func note(_ verdict: PayloadVerdict, _ record: inout RequestRecord) {
        for shadow in verdict.shadows {
            self.shadows.with("payload", "denied").add()
            record.metadata.append(
                RequestRecord.Metadata(filter: "tulle.payload", key: "dry_run", value: shadow.detail)
            )
        }
        for audit in verdict.audits {
            record.metadata.append(RequestRecord.Metadata(filter: "tulle.payload", key: "audit", value: "\(audit)"))
        }
    }

    /// Notes what policies said beside their verdict.
    func note(_ decision: AccessDecision, _ record: inout RequestRecord) {
        for (action, shadow) in [("allow", decision.shadowAllow), ("deny", decision.shadowDeny)] {
            guard let shadow else { continue }
            self.shadows.with(action, shadow.isAllowed ? "allowed" : "denied").add()
            record.metadata.append(
                RequestRecord.Metadata(
                    filter: "envoy.filters.http.rbac",
                    key: "istio_dry_run_\(action)_shadow_engine_result",
                    value: shadow.isAllowed ? "allowed" : "denied"
                )
            )
        }
        if !decision.audits.isEmpty {
            record.metadata.append(
                RequestRecord.Metadata(filter: "envoy.common", key: "access_log_hint", value: "true")
            )
        }
    }
}

extension RequestRecord.Version {
    /// The version of a connection.
    init(_ version: HTTPVersion) {
        switch version {
        case .http10: self = .http10
        case .http11: self = .http11
        case .http2: self = .http2
        }
    }
}

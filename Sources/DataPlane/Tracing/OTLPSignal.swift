import MeshProtos

/// A kind of telemetry that OpenTelemetry's protocol carries.
package enum OTLPSignal: Hashable, Sendable, CaseIterable {
    /// Spans.
    case traces
    /// Log records.
    case logs
    /// Metrics.
    case metrics

    /// The word in the names of environment variables.
    package var word: String {
        switch self {
        case .traces: "TRACES"
        case .logs: "LOGS"
        case .metrics: "METRICS"
        }
    }

    /// The path of the gRPC method.
    package var grpcPath: String {
        switch self {
        case .traces: OpenTelemetry.exportPath
        case .logs: OpenTelemetry.logsPath
        case .metrics: OpenTelemetry.metricsPath
        }
    }

    /// The path of the HTTP method, behind the endpoint's own path.
    package var httpPath: String {
        switch self {
        case .traces: OpenTelemetry.exportHTTPPath
        case .logs: OpenTelemetry.logsHTTPPath
        case .metrics: OpenTelemetry.metricsHTTPPath
        }
    }

    /// How long elements may wait for others, in milliseconds, where nothing else is set: OpenTelemetry's defaults.
    package var intervalMilliseconds: UInt64 {
        switch self {
        case .traces: 5_000
        case .logs: 1_000
        case .metrics: 60_000
        }
    }
}

extension OTLPSignal {
    /// The part of the program that lines about it come from.
    var scope: StaticString {
        switch self {
        case .traces: "tracing"
        case .logs: "log_export"
        case .metrics: "metric_export"
        }
    }

    /// What is said when it begins.
    var startMessage: StaticString {
        switch self {
        case .traces: "traces are exported"
        case .logs: "logs are exported"
        case .metrics: "metrics are exported"
        }
    }

    /// What is said when elements are lost.
    var lossMessage: StaticString {
        switch self {
        case .traces: "spans lost"
        case .logs: "log records lost"
        case .metrics: "metric points lost"
        }
    }

    /// The names of the counters of what was sent, dropped, and failed.
    var counters: (sent: String, dropped: String, failed: String) {
        switch self {
        case .traces:
            ("tulle_trace_spans_sent_total", "tulle_trace_spans_dropped_total", "tulle_trace_exports_failed_total")
        case .logs:
            ("tulle_log_records_sent_total", "tulle_log_records_dropped_total", "tulle_log_exports_failed_total")
        case .metrics:
            ("tulle_metric_points_sent_total", "tulle_metric_points_dropped_total", "tulle_metric_exports_failed_total")
        }
    }
}

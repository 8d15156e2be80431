/// Messages of OpenTelemetry's protocol (OTLP): traces, logs and metrics.
package enum OpenTelemetry {
    /// The path of the gRPC method that takes traces.
    package static let exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    /// The path of the HTTP method that takes traces, behind the endpoint's own path.
    package static let exportHTTPPath = "/v1/traces"
    /// The path of the gRPC method that takes logs.
    package static let logsPath = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    /// The path of the HTTP method that takes logs.
    package static let logsHTTPPath = "/v1/logs"
    /// The path of the gRPC method that takes metrics.
    package static let metricsPath = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    /// The path of the HTTP method that takes metrics.
    package static let metricsHTTPPath = "/v1/metrics"
}

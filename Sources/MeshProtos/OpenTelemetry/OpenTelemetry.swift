/// Messages of OpenTelemetry's protocol (OTLP), as far as traces need them.
package enum OpenTelemetry {
    /// The path of the gRPC method.
    package static let exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    /// The path of the HTTP method, behind the endpoint's own path.
    package static let exportHTTPPath = "/v1/traces"
}

import MeshProtos
import MeshTelemetry

/// Spans as OpenTelemetry's protocol writes them.
enum SpanEncoding {
    /// The request that sends spans of connections.
    static func request(_ spans: [ConnectionSpan], sender: OTLPSender) -> [UInt8] {
        self.request(spans.map(Self.span), sender)
    }

    /// The request that sends spans of requests.
    static func request(_ spans: [RequestSpan], sender: OTLPSender) -> [UInt8] {
        self.request(spans.map(Self.span), sender)
    }

    private static func request(_ spans: [OpenTelemetry.Span], _ sender: OTLPSender) -> [UInt8] {
        OpenTelemetry.ExportTraceServiceRequest.with { request in
            request.resourceSpans = [
                .with {
                    $0.resource = sender.encodedResource
                    $0.scopeSpans = [
                        .with {
                            $0.scope = sender.scope()
                            $0.spans = spans
                        }
                    ]
                }
            ]
        }.serialized
    }

    private static func span(_ span: ConnectionSpan) -> OpenTelemetry.Span {
        .with { message in
            self.identify(&message, span.context, caller: span.caller)
            message.name = span.kind == .client ? "outbound" : "inbound"
            message.kind = span.kind == .client ? .client : .server
            message.startTimeUnixNano = span.start
            message.endTimeUnixNano = span.end
            message.attributes = span.attributes.map { .init($0.name, $0.value) }
            message.status = span.error.map { error in
                .with {
                    $0.code = .error
                    $0.message = error
                }
            }
        }
    }

    private static func span(_ span: RequestSpan) -> OpenTelemetry.Span {
        .with { message in
            self.identify(&message, span.context, caller: span.caller)
            message.name = span.name
            message.kind = .server
            message.startTimeUnixNano = span.start
            message.endTimeUnixNano = span.end
            message.attributes = span.attributes.map { .init($0.name, $0.value) }
            if span.isError { message.status = .with { $0.code = .error } }
        }
    }

    private static func identify(_ message: inout OpenTelemetry.Span, _ context: TraceContext, caller: UInt64?) {
        message.traceID = self.bytes(context.traceHigh) + self.bytes(context.traceLow)
        message.spanID = self.bytes(context.parent)
        message.parentSpanID = caller.map(self.bytes) ?? []
        message.flags = context.isSampled ? 1 : 0
    }

    /// An id as the bytes of its digits.
    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}

extension OpenTelemetry.KeyValue {
    /// A fact.
    init(_ name: String, _ value: TelemetryValue) {
        switch value {
        case .text(let text): self.init(name, text)
        case .number(let number): self.init(name, number)
        }
    }
}

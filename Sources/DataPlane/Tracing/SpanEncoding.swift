import MeshProtos
import MeshTelemetry

/// Spans as OpenTelemetry's protocol writes them.
enum SpanEncoding {
    /// The request that sends spans.
    /// - Parameters:
    ///   - program: who sends: its name.
    ///   - resource: facts about this process, by name.
    static func request(_ spans: [ConnectionSpan], program: String, resource: [String: String]) -> [UInt8] {
        var facts = resource
        if facts["service.name"] == nil { facts["service.name"] = program }
        if facts["service.version"] == nil { facts["service.version"] = "\(Version.text)" }
        facts["telemetry.sdk.name"] = "tulle"
        facts["telemetry.sdk.language"] = "swift"
        facts["telemetry.sdk.version"] = "\(Version.text)"
        return OpenTelemetry.ExportTraceServiceRequest.with { request in
            request.resourceSpans = [
                .with {
                    $0.resource = .with { resource in
                        resource.attributes = facts.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
                    }
                    $0.scopeSpans = [
                        .with {
                            $0.scope = .with { scope in
                                scope.name = "tulle.\(program)"
                                scope.version = "\(Version.text)"
                            }
                            $0.spans = spans.map(Self.span)
                        }
                    ]
                }
            ]
        }.serialized
    }

    private static func span(_ span: ConnectionSpan) -> OpenTelemetry.Span {
        .with { message in
            message.traceID = Self.bytes(span.context.traceHigh) + Self.bytes(span.context.traceLow)
            message.spanID = Self.bytes(span.context.parent)
            message.parentSpanID = span.caller.map(Self.bytes) ?? []
            message.name = span.kind == .client ? "outbound" : "inbound"
            message.kind = span.kind == .client ? .client : .server
            message.startTimeUnixNano = span.start
            message.endTimeUnixNano = span.end
            message.flags = span.context.isSampled ? 1 : 0
            message.attributes = span.attributes.map { attribute in
                switch attribute.value {
                case .text(let text): .init(attribute.name, text)
                case .number(let number): .init(attribute.name, number)
                }
            }
            message.status = span.error.map { error in
                .with {
                    $0.code = .error
                    $0.message = error
                }
            }
        }
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }
}

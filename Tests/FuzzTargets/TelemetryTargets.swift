import MeshTelemetry

extension FuzzTarget {
    /// What users write about telemetry, and what clients send that ends in it.
    static let telemetry = [
        FuzzTarget("telemetry-expression") { bytes throws(FuzzViolation) in
            var headers = HeaderPlan()
            let text = String(decoding: bytes, as: UTF8.self)
            guard let expression = try? Expression(parsing: text, headers: &headers) else { return }
            let record = Self.record(text, headers)
            try FuzzViolation.unless(
                !expression.isTrue(of: record) || expression.text(of: record) == "true",
                "true and yet \(expression.label(of: record))"
            )
        },
        FuzzTarget("access-log-format") { bytes throws(FuzzViolation) in
            var headers = HeaderPlan()
            // What stands before the first newline is the format, what follows is a client's.
            let parts = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
            let format = String(decoding: parts.first ?? [], as: UTF8.self)
            let sent = String(decoding: parts.last ?? [], as: UTF8.self)
            let context = AccessLogContext(hostname: "h") { $0 }
            if let text = try? AccessLogFormat(text: format, context: context, headers: &headers) {
                let line = text.line(Self.record(sent, headers))
                try FuzzViolation.unless(line.filter { $0 == 10 }.count == 1, "a line of several")
            }
            if let json = try? AccessLogFormat(json: [("key", format)], context: context, headers: &headers) {
                let line = json.line(Self.record(sent, headers))
                try FuzzViolation.unless(line.last == 10 && line.dropLast().allSatisfy { $0 >= 32 }, "a bare control")
            }
        },
        FuzzTarget("trace-headers") { bytes throws(FuzzViolation) in
            let values = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            let names = [
                "traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags", "x-request-id",
            ]
            func find(_ name: String) -> String? {
                names.firstIndex(of: name).flatMap { $0 < values.count ? String(values[$0]) : nil }
            }
            var random = FuzzRandom()
            let trace = RequestTrace(IncomingTrace(find), isSampled: true, using: &random)
            let sent = trace.headers([.w3c, .b3, .b3Single], hasParent: false)
            let again = IncomingTrace { name in sent.first { $0.name == name }?.value }
            try FuzzViolation.unless(again.context == trace.context, "\(sent) reads as another trace")
            let id = RequestID.setting(.forced, in: find("x-request-id") ?? "")
            let reason = RequestID.reason(of: id)
            try FuzzViolation.unless(reason == nil || reason == .forced, "\(id) lost its reason")
        },
    ]

    /// A request in which everything that a client chooses is `text`.
    private static func record(_ text: String, _ headers: HeaderPlan) -> RequestRecord {
        var record = RequestRecord(.http, start: 1)
        record.method = text
        record.path = text
        record.authority = text
        record.requestID = text
        record.responseCode = 200
        record.keepRequestHeaders(headers) { _ in text }
        record.keepResponseHeaders(headers) { _ in text }
        record.keepTrailers(headers) { _ in text }
        return record
    }
}

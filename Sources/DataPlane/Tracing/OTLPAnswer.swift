import MeshModel
import MeshProtos
import TunnelEngine

/// What a collector's answer means, as OpenTelemetry's protocol rules it.
enum OTLPAnswer {
    /// The longest wait that a collector can ask for.
    static let maximumRetrySeconds: UInt64 = 60

    /// An answer over HTTP.
    /// - Parameter retryAfter: seconds of `Retry-After`.
    static func http(status: Int, body: [UInt8], retryAfter: UInt64?) -> OTLPExport.Outcome {
        switch status {
        case 200..<300: return self.taken(body)
        case 429, 502, 503, 504:
            let wait = retryAfter.map { min($0, Self.maximumRetrySeconds) * 1_000 }
            return .retry(reason: "http status \(status)", after: wait)
        default: return .failed(reason: "http status \(status)")
        }
    }

    /// The same over HTTP/2.
    static func http(_ answer: StreamCall.Answer) -> OTLPExport.Outcome {
        self.http(
            status: answer.headers.first(named: ":status").flatMap { Int($0) } ?? 0,
            body: answer.body,
            retryAfter: answer.headers.first(named: "retry-after").flatMap { UInt64($0) }
        )
    }

    /// An answer over gRPC.
    static func grpc(_ answer: StreamCall.Answer) -> OTLPExport.Outcome {
        var state = GRPCResponseState(messageLimit: answer.body.count)
        var message: [UInt8] = []
        let isOnlyTrailers = answer.body.isEmpty && answer.trailers.isEmpty
        var status = state.receive(headers: answer.headers, endStream: isOnlyTrailers)
        if status == nil, !answer.body.isEmpty {
            status = answer.body.withUnsafeBytes { bytes in
                state.receive(bytes, endStream: answer.trailers.isEmpty) { message = $0 }
            }
        }
        let end = status ?? state.receive(headers: answer.trailers, endStream: true)
        guard let end else { return .retry(reason: "answer without status", after: nil) }
        switch end.code {
        case .ok: return self.taken(message)
        case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss:
            return .retry(reason: "\(end)", after: nil)
        default: return .failed(reason: "\(end)")
        }
    }

    /// What was not taken although the request was.
    private static func taken(_ body: [UInt8]) -> OTLPExport.Outcome {
        // An answer that is no message says nothing more than that the batch arrived. Those for logs and metrics have the
        // same fields under other names.
        let response = try? OpenTelemetry.ExportTraceServiceResponse(decoding: body)
        let partial = response?.partialSuccess
        return .taken(rejected: max(0, partial?.rejectedSpans ?? 0), reason: partial?.errorMessage ?? "")
    }
}

import MeshModel
import MeshProtos
import Testing

@testable import DataPlane
@testable import TunnelEngine

struct OTLPAnswerTests {
    private func isRetry(_ outcome: OTLPExport.Outcome) -> Bool {
        if case .retry = outcome { true } else { false }
    }

    @Test func takesSuccessForSuccess() {
        #expect(OTLPAnswer.http(status: 200, body: [], retryAfter: nil) == .taken(rejected: 0, reason: ""))
        #expect(OTLPAnswer.http(status: 202, body: [0xff], retryAfter: nil) == .taken(rejected: 0, reason: ""))
    }

    @Test func countsWhatACollectorRejected() {
        let response = OpenTelemetry.ExportTraceServiceResponse.with {
            $0.partialSuccess = .with {
                $0.rejectedSpans = 3
                $0.errorMessage = "too old"
            }
        }
        let outcome = OTLPAnswer.http(status: 200, body: response.serialized, retryAfter: nil)
        #expect(outcome == .taken(rejected: 3, reason: "too old"))
        let negative = OpenTelemetry.ExportTraceServiceResponse.with {
            $0.partialSuccess = .with { $0.rejectedSpans = -3 }
        }
        let odd = OTLPAnswer.http(status: 200, body: negative.serialized, retryAfter: nil)
        #expect(odd == .taken(rejected: 0, reason: ""))
    }

    @Test(arguments: [429, 502, 503, 504])
    func triesAgainWhereTheProtocolSaysSo(_ status: Int) {
        #expect(self.isRetry(OTLPAnswer.http(status: status, body: [], retryAfter: nil)))
    }

    @Test(arguments: [0, 301, 400, 401, 404, 500])
    func givesUpOnOtherStatuses(_ status: Int) {
        #expect(OTLPAnswer.http(status: status, body: [], retryAfter: nil) == .failed(reason: "http status \(status)"))
    }

    @Test func waitsAsLongAsItIsToldWithinABound() {
        let outcome = OTLPAnswer.http(status: 503, body: [], retryAfter: 7)
        #expect(outcome == .retry(reason: "http status 503", after: 7_000))
        let endless = OTLPAnswer.http(status: 503, body: [], retryAfter: .max)
        #expect(endless == .retry(reason: "http status 503", after: 60_000))
    }

    private func grpc(_ code: Int, body: [UInt8] = []) -> OTLPExport.Outcome {
        var answer = StreamCall.Answer()
        answer.headers = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]
        answer.body = GRPCMessageReader.frame(body) ?? []
        answer.trailers = [HTTP2Header("grpc-status", "\(code)")]
        return OTLPAnswer.grpc(answer)
    }

    @Test func readsGRPCStatuses() {
        #expect(self.grpc(0) == .taken(rejected: 0, reason: ""))
        for code in [1, 4, 10, 11, 14, 15] { #expect(self.isRetry(self.grpc(code)), "\(code)") }
        for code in [2, 3, 5, 7, 8, 12, 13, 16] { #expect(!self.isRetry(self.grpc(code)), "\(code)") }
        let partial = OpenTelemetry.ExportTraceServiceResponse.with {
            $0.partialSuccess = .with { $0.rejectedSpans = 2 }
        }
        #expect(self.grpc(0, body: partial.serialized) == .taken(rejected: 2, reason: ""))
    }

    @Test func readsAnswersOfTrailersOnly() {
        var answer = StreamCall.Answer()
        answer.headers = [HTTP2Header(":status", "200"), HTTP2Header("grpc-status", "14")]
        #expect(self.isRetry(OTLPAnswer.grpc(answer)))
        answer.headers = [HTTP2Header(":status", "404")]
        #expect(!self.isRetry(OTLPAnswer.grpc(answer)))
        #expect(OTLPAnswer.grpc(StreamCall.Answer()) != .taken(rejected: 0, reason: ""))
    }
}

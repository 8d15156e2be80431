import AWSClient
import CertificateAuthority
import Synchronization
import Testing

@Suite struct SecurityTokenVerifierTests {
    /// A network that answers everything alike and remembers what went out.
    final class Recorder: HTTPTransport {
        let response: TransportResponse?
        let sent = Mutex<[TransportRequest]>([])

        init(_ status: Int?, _ body: String = "") {
            self.response = status.map {
                TransportResponse(status: $0, headers: [("content-type", "text/xml")], body: Array(body.utf8))
            }
        }

        func send(
            _ request: TransportRequest,
            deadline: Duration,
            bodyLimit: Int
        ) async throws -> TransportResponse {
            self.sent.withLock { $0.append(request) }
            guard let response else { throw TransportError.timedOut }
            return response
        }

        func shutdown() async {}
    }

    private let request = CallerIdentityRequest(
        region: "us-east-1",
        host: "sts.us-east-1.amazonaws.com",
        headers: ["host": "sts.us-east-1.amazonaws.com", "x-amz-date": "20260102T030405Z"]
    )

    static let answers: [(Int?, String, CallerIdentityAnswer?)] = [
        (
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn><UserId>AROA:s</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
            .caller(arn: "arn:aws:sts::111122223333:assumed-role/r/s")
        ),
        (
            403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>",
            .refused(code: "SignatureDoesNotMatch")
        ),
        (200, "<html>fine</html>", nil),
        (302, "", nil),
        (500, "<!doctype html><h1>oops", nil),
        (nil, "", nil),
    ]

    @Test(arguments: answers)
    func onlyAWholeAnswerIsAVerdict(_ status: Int?, _ body: String, _ expected: CallerIdentityAnswer?) async {
        let verifier = SecurityTokenVerifier(transport: Recorder(status, body), endpoints: [:])
        let answer = await verifier.callerIdentity(of: self.request)
        if let expected {
            #expect(answer == expected)
        } else if case .unavailable = answer {
        } else {
            Issue.record("\(answer) is a verdict, but there was none")
        }
    }

    @Test func theURLIsOursAndTheSignedHostStays() async throws {
        let recorder = Recorder(nil)
        for endpoints in [[:], ["us-east-1": "http://127.0.0.1:5555"]] as [[String: String]] {
            _ = await SecurityTokenVerifier(transport: recorder, endpoints: endpoints).callerIdentity(of: self.request)
        }
        let sent = recorder.sent.withLock { $0 }
        #expect(sent.map(\.url) == ["https://sts.us-east-1.amazonaws.com/", "http://127.0.0.1:5555/"])
        for request in sent {
            #expect(request.method == "POST")
            #expect(String(decoding: request.body, as: UTF8.self) == CallerIdentityRequest.body)
            #expect(request.headers.filter { $0.name == "host" }.map(\.value) == ["sts.us-east-1.amazonaws.com"])
        }
    }
}

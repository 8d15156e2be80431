import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

struct HTTPProxyNegotiationTests {
    private func receive(_ text: String, limits: CaptureLimits = CaptureLimits()) -> (CaptureStep, HTTPProxyNegotiation)
    {
        var http = HTTPProxyNegotiation(limits: limits)
        let step = http.receive(Array(text.utf8))
        return (step, http)
    }

    @Test(arguments: [
        ("CONNECT echo.demo:80 HTTP/1.1\r\nHost: echo.demo:80\r\n\r\n", "echo.demo:80"),
        ("CONNECT ECHO.demo.:443 HTTP/1.0\r\n\r\n", "echo.demo:443"),
        ("CONNECT 10.0.0.1:8080 HTTP/1.1\r\nProxy-Connection: x\r\n\r\n", "10.0.0.1:8080"),
        ("CONNECT [2001:db8::1]:80 HTTP/1.1\r\n\r\n", "[2001:db8::1]:80"),
    ])
    func opensTunnels(_ request: String, _ target: String) {
        var (step, http) = self.receive(request + "early")
        guard case .connect(let found) = step.next else {
            Issue.record("no target: \(step)")
            return
        }
        #expect(found.description == target)
        #expect(step.output.isEmpty)
        #expect(http.early == Array("early".utf8))
        #expect(String(decoding: http.connected(), as: UTF8.self) == "HTTP/1.1 200 Connection established\r\n\r\n")
    }

    @Test(arguments: [
        ("CONNECT echo.demo HTTP/1.1\r\n\r\n", CaptureRefusal.targetInvalid),
        ("CONNECT echo.demo:0 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT echo.demo:65536 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT echo.demo:+80 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT user@echo.demo:80 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT http://echo.demo:80/ HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT 1.2.3:80 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT [10.0.0.1]:80 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT [::1 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT a..b:80 HTTP/1.1\r\n\r\n", .targetInvalid),
        ("CONNECT  echo.demo:80 HTTP/1.1\r\n\r\n", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/2.0\r\n\r\n", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/1.1\r\nX : y\r\n\r\n", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/1.1\r\nX: y\r\n folded\r\n\r\n", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/1.1\r\nX: y\nZ: w\r\n\r\n", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", .httpMalformed),
        ("CONNECT echo.demo:80 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .httpMalformed),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .httpNotAProxyRequest),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .httpNotAProxyRequest),
        ("GET https://a/ HTTP/1.1\r\n\r\n", .httpSchemeRefused),
        ("GET http:///x HTTP/1.1\r\n\r\n", .targetInvalid),
        ("GET http://u:p@a/ HTTP/1.1\r\n\r\n", .targetInvalid),
        ("GET http://a/#f HTTP/1.1\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", .httpMalformed),
        ("GET http://a/ HTTP/1.1\r\n\r\nGET http://b/ HTTP/1.1\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET http://b/ HTTP/1.1\r\n\r\n", .httpMalformed),
        ("POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET http://b/", .httpMalformed),
    ])
    func refuses(_ request: String, _ refusal: CaptureRefusal) {
        let (step, _) = self.receive(request)
        #expect(step.next == .refuse(refusal))
        let answer = String(decoding: step.output, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 4"))
        #expect(answer.contains(refusal.rawValue))
        #expect(answer.contains("Connection: close\r\n"))
    }

    @Test func boundsTheHead() {
        var limits = CaptureLimits()
        limits.headBytes = 64
        let line = "CONNECT a:80 HTTP/1.1\r\nX: "
        let fitting = line + String(repeating: "x", count: 64 - line.utf8.count - 4) + "\r\n\r\n"
        #expect(self.receive(fitting, limits: limits).0.next == .connect(.name("a", port: 80)))
        let excess = line + String(repeating: "x", count: 64 - line.utf8.count - 3) + "\r\n\r\n"
        #expect(self.receive(excess, limits: limits).0.next == .refuse(.httpHeadTooLarge))
        var http = HTTPProxyNegotiation(limits: limits)
        var steps: [CaptureStep.Next] = []
        for _ in 0..<100 { steps.append(http.receive([UInt8(ascii: "A")]).next) }
        #expect(steps.prefix(63).allSatisfy { $0 == .more })
        #expect(steps[63] == .refuse(.httpHeadTooLarge))
    }

    @Test func rewritesPlainRequestsForTheirOrigin() {
        var (step, http) = self.receive(
            "GET http://Echo.Demo/path?q=1 HTTP/1.1\r\nHost: other\r\nUser-Agent: curl\r\nProxy-Connection: Keep-Alive\r\n"
                + "Connection: keep-alive, X-Private\r\nX-Private: 1\r\nProxy-Authorization: Basic x\r\n\r\n"
        )
        #expect(step.next == .connect(.name("echo.demo", port: 80)))
        #expect(
            String(decoding: http.early, as: UTF8.self)
                == "GET /path?q=1 HTTP/1.1\r\nHost: Echo.Demo\r\nUser-Agent: curl\r\nConnection: close\r\n\r\n"
        )
        #expect(http.connected().isEmpty)
    }

    @Test(arguments: [
        ("GET http://a:8080 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a:8080\r\nConnection: close\r\n\r\n"),
        ("GET HTTP://a?x HTTP/1.0\r\n\r\n", "GET /?x HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n"),
        ("OPTIONS http://a HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (
            "POST http://a/ HTTP/1.1\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nok",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        ),
        (
            "POST http://a/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        ),
    ])
    func forwards(_ request: String, _ forwarded: String) {
        let (_, http) = self.receive(request)
        #expect(String(decoding: http.early, as: UTF8.self) == forwarded)
    }

    @Test(arguments: [
        (DialFailure.denied, "403 Forbidden", "http_request_denied"),
        (.timedOut, "504 Gateway Timeout", "connection_timeout"),
        (.refused, "502 Bad Gateway", "connection_refused"),
        (.nameNotFound, "502 Bad Gateway", "dns_error"),
    ])
    func tellsWhyADialFailed(_ failure: DialFailure, _ status: String, _ error: String) {
        var (_, http) = self.receive("CONNECT a:80 HTTP/1.1\r\n\r\n")
        let answer = String(decoding: http.failed(failure), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
        #expect(answer.contains("Proxy-Status: ztunnel; error=\(error)\r\n"))
        #expect(answer.hasSuffix("tulle: \(failure.rawValue)\n"))
    }
}

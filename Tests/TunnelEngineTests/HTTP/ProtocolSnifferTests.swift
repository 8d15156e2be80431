import Testing

@testable import TunnelEngine

@Suite("What a connection speaks")
struct ProtocolSnifferTests {
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    @Test(
        "by its first bytes",
        arguments: [
            ("", ProtocolSniffer.Verdict.needsMore), (Self.preface, .http2), (Self.preface + "x", .http2),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", .needsMore), ("P", .needsMore), ("PRI * HTTP/2.0\r\n\r\nXX", .tcp),
            ("GET / HTTP/1.1\r\n", .http1), ("OPTIONS * HTTP/1.0\r\nx", .http1), ("GET", .needsMore),
            ("GET /long", .needsMore), ("GET / HTTP/1.", .needsMore), ("GET / HTTP/1.1", .needsMore),
            ("GET / HTTP/1.1\r", .needsMore), ("GET / HTTP/1.1\n", .tcp), ("GET / HTTP/1.2\r\n", .tcp),
            ("GET / HTTP/2.0\r\n", .tcp), ("GET  / HTTP/1.1\r\n", .tcp), (" GET / HTTP/1.1\r\n", .tcp),
            ("GET / x HTTP/1.1\r\n", .tcp), ("G@T / HTTP/1.1\r\n", .tcp), ("GET /\u{1} HTTP/1.1\r\n", .tcp),
            ("SSH-2.0-OpenSSH_9.2\r\n", .tcp), ("*1\r\n$4\r\nPING\r\n", .tcp), ("\r\nGET / HTTP/1.1\r\n", .tcp),
            ("EHLO mail.test\r\n", .tcp), ("\u{16}", .needsMore), ("\u{16}\u{3}\u{1}\u{0}\u{5}", .needsMore),
            ("\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}", .tls), ("\u{16}\u{3}\u{1}\u{0}\u{5}\u{2}", .tcp),
            ("\u{16}\u{2}", .tcp), ("\u{16}\u{3}\u{5}", .tcp), ("\u{0}", .tcp),
        ]
    )
    func verdicts(text: String, verdict: ProtocolSniffer.Verdict) {
        #expect(ProtocolSniffer.judge(Array(text.utf8)) == verdict)
    }

    @Test("never looks at more than its limit, and does not wait for what cannot come")
    func bounds() {
        let path = Array(("GET /" + String(repeating: "a", count: ProtocolSniffer.limit)).utf8)
        #expect(ProtocolSniffer.judge(path) == .http1, "a long path is no reason to let rules be passed by")
        let long = Array(("XGET /" + String(repeating: "a", count: ProtocolSniffer.limit)).utf8)
        #expect(ProtocolSniffer.judge(Array(long.prefix(ProtocolSniffer.limit - 1))) == .needsMore)
        #expect(ProtocolSniffer.judge(Array(long.prefix(ProtocolSniffer.limit))) == .tcp)
        #expect(ProtocolSniffer.judge(long) == .tcp)
        #expect(ProtocolSniffer.judge(Array("GET".utf8), isEnd: true) == .tcp)
        #expect(ProtocolSniffer.judge([], isEnd: true) == .tcp)
    }

    @Test("more bytes never change a verdict")
    func stable() {
        for text in [
            Self.preface + "more", "GET /a HTTP/1.1\r\nHost: b\r\n\r\n", "\u{16}\u{3}\u{3}\u{1}\u{0}\u{1}xyz",
            "PRIx\r\n",
        ] {
            let bytes = Array(text.utf8)
            var before = ProtocolSniffer.Verdict.needsMore
            for count in 0...bytes.count {
                let verdict = ProtocolSniffer.judge(Array(bytes.prefix(count)))
                #expect(before == .needsMore || before == verdict)
                before = verdict
            }
            #expect(before != .needsMore)
        }
    }
}

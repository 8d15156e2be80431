import DataPlaneTestSupport
import Foundation
import MeshDNS
import MeshModel
import MeshProtos
import MeshTelemetry
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

/// The exporter against a collector that speaks HTTP/1.1, and one that speaks gRPC without TLS.
@Suite(.serialized)
struct OTLPExporterTests {
    private let loop: TestLoop
    private let context: ControlContext
    private let tracer: ConnectionTracer
    private let log = TestLog()

    init() throws {
        self.loop = try TestLoop()
        self.context = ControlContext(program: "ztunnel", log: self.log.log, registry: MetricsRegistry())
        var limits = ConnectionTracer.Limits()
        limits.batch = 4
        limits.spans = 8
        self.tracer = ConnectionTracer(sampler: TraceSampler(), limits: limits)
    }

    /// What arrived, and what is answered next.
    private final class Collector: Sendable {
        private let state = Mutex<(statuses: [Int], requests: [String], spans: [UInt64])>(([], [], []))

        init(_ statuses: [Int] = []) { self.state.withLock { $0.statuses = statuses } }

        var spans: [UInt64] { self.state.withLock { $0.spans } }
        var requests: [String] { self.state.withLock { $0.requests } }

        /// Notes a request and gives the status of its answer.
        func take(_ head: String, _ body: [UInt8]) -> Int {
            self.state.withLock { state in
                state.requests.append(head)
                let status = state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                guard status == 200 else { return status }
                let request = try? OpenTelemetry.ExportTraceServiceRequest(decoding: body)
                let spans = request?.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } ?? []
                state.spans += spans.map(\.startTimeUnixNano)
                return 200
            }
        }

        /// Serves one HTTP/1.1 request.
        func serve(_ socket: TestSocket) {
            var bytes: [UInt8] = []
            let blank = Array("\r\n\r\n".utf8)
            while let more = socket.receive(), !more.isEmpty {
                bytes += more
                guard let end = bytes.firstRange(of: blank) else { continue }
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let length =
                    head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
                let body = Array(bytes[end.upperBound...])
                guard body.count >= length else { continue }
                let status = self.take(head, body)
                socket.send(Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n".utf8))
                socket.finish()
                return
            }
        }
    }

    private func span(_ start: UInt64) -> ConnectionSpan {
        var random = SystemRandomNumberGenerator()
        return ConnectionSpan(
            context: TraceContext(using: &random),
            caller: nil,
            kind: .client,
            start: start,
            end: start
        )
    }

    private func start(_ port: UInt16, _ more: [String: String] = [:]) throws -> OTLPExporter {
        var environment = Environment(
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)"].merging(more) { $1 }
        )
        let settings = try #require(OTLPSettings(&environment))
        var limits = OTLPExporter.Limits()
        limits.intervalMilliseconds = 30
        limits.firstRetryMilliseconds = 5
        limits.attempts = 3
        let (loop, context, tracer) = (self.loop, self.context, self.tracer)
        return try loop.sync {
            let resolver = NameResolver(
                loop: loop.loop,
                configuration: ResolverConfiguration(
                    servers: [SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 1)]
                )
            )
            let exporter = try OTLPExporter(
                loop: loop.loop,
                context: context,
                tracer: tracer,
                settings: settings,
                resolver: resolver,
                limits: limits
            )
            exporter.start()
            return exporter
        }
    }

    private func serve(_ collector: Collector) throws -> UInt16 {
        try #require(TestSocket.serve(IPAddress(v4: 0x7f00_0001)) { collector.serve($0) })
    }

    private var metrics: String { String(decoding: self.context.registry.exposition(.prometheus), as: UTF8.self) }

    @Test func sendsAllSpansInBatchesWithTheHeadersAskedFor() throws {
        let collector = Collector()
        let exporter = try self.start(try self.serve(collector), ["OTEL_EXPORTER_OTLP_HEADERS": "x-token=abc"])
        for start in 1...6 { self.tracer.add(self.span(UInt64(start))) }
        #expect(eventually { collector.spans == [1, 2, 3, 4, 5, 6] })
        #expect(collector.requests.count >= 2)
        let head = collector.requests.first ?? ""
        #expect(head.hasPrefix("POST /v1/traces HTTP/1.1\r\n"))
        #expect(head.contains("\r\nx-token: abc"))
        #expect(head.contains("\r\ncontent-type: application/x-protobuf"))
        #expect(eventually { self.metrics.contains("tulle_trace_spans_sent_total 6\n") })
        #expect(self.metrics.contains("tulle_trace_spans_dropped_total 0\n"))
        try self.loop.sync { exporter.stop() }
    }

    @Test func triesAgainAndThenGoesOn() throws {
        let collector = Collector([503, 429])
        let exporter = try self.start(try self.serve(collector))
        self.tracer.add(self.span(7))
        #expect(eventually { collector.spans == [7] })
        #expect(collector.requests.count == 3)
        #expect(self.metrics.contains("tulle_trace_exports_failed_total{retry=\"true\"} 2\n"))
        #expect(self.tracer.dropped == 0)
        try self.loop.sync { exporter.stop() }
    }

    @Test func givesABatchUpThatNobodyTakesAndCountsIt() throws {
        let collector = Collector([400, 503, 503, 503])
        let exporter = try self.start(try self.serve(collector))
        self.tracer.add(self.span(1))
        #expect(eventually { self.tracer.dropped == 1 })
        self.tracer.add(self.span(2))
        #expect(eventually { self.tracer.dropped == 2 })
        self.tracer.add(self.span(3))
        #expect(eventually { collector.spans == [3] })
        // One line for both: a collector that is gone must not fill the log.
        #expect(self.log.lines.filter { $0.contains("spans lost") }.count == 1)
        try self.loop.sync { exporter.stop() }
    }

    @Test func boundsWhatWaitsForACollectorThatNeverAnswers() throws {
        let port = try #require(TestSocket.serve(IPAddress(v4: 0x7f00_0001)) { socket in _ = socket.receiveAll() })
        let exporter = try self.start(port, ["OTEL_EXPORTER_OTLP_TIMEOUT": "60000"])
        for start in 0..<100 { self.tracer.add(self.span(UInt64(start))) }
        #expect(self.tracer.waiting <= 8)
        #expect(self.tracer.dropped >= 88)
        try self.loop.sync { exporter.stop() }
    }

    @Test func sendsWhatWaitsAtTheEnd() throws {
        let collector = Collector()
        let exporter = try self.start(try self.serve(collector))
        for start in 1...8 { self.tracer.add(self.span(UInt64(start))) }
        let isFlushed: Bool = try self.loop.wait { completion in exporter.flush { completion(true) } }
        #expect(isFlushed)
        #expect(collector.spans == [1, 2, 3, 4, 5, 6, 7, 8])
        try self.loop.sync { exporter.stop() }
    }

    @Test func speaksGRPCWithoutTLS() throws {
        let collector = Collector()
        let loop = self.loop
        let server = ClearServer { collector.take($0, $1) }
        let address = try loop.sync { try server.listen(loop.loop) }
        let exporter = try self.start(
            address.port,
            ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_HEADERS": "x-token=abc"]
        )
        for start in 1...5 { self.tracer.add(self.span(UInt64(start))) }
        #expect(eventually { collector.spans == [1, 2, 3, 4, 5] })
        #expect(collector.requests.first?.contains(":path: \(OpenTelemetry.exportPath)") == true)
        #expect(collector.requests.first?.contains("x-token: abc") == true)
        #expect(collector.requests.first?.contains(":scheme: http\n") == true)
        try self.loop.sync { exporter.stop() }
        withExtendedLifetime(server) {}
    }
}

/// A gRPC server on HTTP/2 without TLS, for one request a connection.
private final class ClearServer: ListenerDelegate, @unchecked Sendable {
    private let handler: (String, [UInt8]) -> Int
    private var listener: Listener?
    private var connections: [Connection] = []

    init(_ handler: @escaping (String, [UInt8]) -> Int) { self.handler = handler }

    func listen(_ loop: EventLoop) throws -> SocketAddress {
        let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)
        let listener = try Listener(loop: loop, address: address, delegate: self)
        self.listener = listener
        return listener.address
    }

    func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        let connection = Connection(loop: listener.loop, handler: self.handler)
        self.connections.append(connection)
        connection.begin(descriptor, peer)
    }

    private final class Connection: ByteConnectionDelegate, HTTP2ConnectionOwner, HTTP2StreamOwner {
        private let loop: EventLoop
        private let handler: (String, [UInt8]) -> Int
        private var bytes: ByteConnection?
        private lazy var http2 = HTTP2Connection(role: .server, limits: HTTP2Limits(), owner: self)
        private var head = ""
        private var body: [UInt8] = []

        init(loop: EventLoop, handler: @escaping (String, [UInt8]) -> Int) {
            self.loop = loop
            self.handler = handler
        }

        func begin(_ descriptor: Int32, _ peer: SocketAddress) {
            self.bytes = try? ByteConnection(
                loop: self.loop,
                descriptor: descriptor,
                peer: peer,
                milliseconds: 10_000,
                delegate: self
            )
            self.http2.start()
            self.flush()
        }

        private func flush() {
            let output = self.http2.output.withBytes { Array($0) }
            self.http2.output.consume(output.count)
            self.bytes?.send(output)
        }

        func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
            _ = self.http2.receive(bytes, now: self.loop.now)
            self.flush()
        }

        func receivedEnd(on connection: ByteConnection) { connection.close() }
        func closed(_ connection: ByteConnection, _ error: SocketError?) { self.bytes = nil }

        func connectionOpenedStream(_ stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
            stream.owner = self
            self.head = headers.map { "\($0.name): \($0.value)\n" }.joined()
        }

        func connectionReceivedSettings() {}
        func connectionReceivedGoAway(lastStreamID: UInt32, code: HTTP2ErrorCode) {}
        func connectionReceivedPong(_ opaque: UInt64) {}
        func connectionCapacityChanged() {}
        func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {}

        func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
            self.body += bytes
            self.http2.consumed(stream, bytes.count)
            guard endStream else { return }
            // The message stands behind a flag and four bytes of length.
            let status = self.handler(self.head, Array(self.body.dropFirst(5)))
            let headers = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]
            _ = self.http2.sendHeaders(stream, headers, endStream: false)
            let trailers = [HTTP2Header("grpc-status", status == 200 ? "0" : "14")]
            _ = self.http2.sendHeaders(stream, trailers, endStream: true)
        }

        func streamWindowOpened(_ stream: HTTP2Stream) {}
        func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {}
    }
}

import BoringTLS
import DataPlane
import DataPlaneTestSupport
import Foundation
import HTTPRouting
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import Waypoint

/// The PROXY protocol to applications, before everything else that is sent to them.
@Suite("PROXY headers", .serialized)
struct ProxyProtocolTests {
    /// What a server saw of its connections.
    private final class Seen: Sendable {
        private let kept = Mutex<(headers: [String], ended: Int)>(([], 0))
        var headers: [String] { self.kept.withLock { $0.headers } }
        var ended: Int { self.kept.withLock { $0.ended } }
        func begin(_ header: String) { self.kept.withLock { $0.headers.append(header) } }
        func end() { self.kept.withLock { $0.ended += 1 } }
    }

    /// Reads a line of version 1, then answers each request by it.
    private static func serve(_ socket: TestSocket, _ seen: Seen) {
        var buffer = ""
        var header: String?
        while let bytes = socket.receive(), !bytes.isEmpty {
            buffer += String(decoding: bytes, as: UTF8.self)
            if header == nil, let end = buffer.range(of: "\r\n") {
                let line = String(buffer[..<end.lowerBound])
                header = line
                seen.begin(line)
                buffer = String(buffer[end.upperBound...])
            }
            while let line = header, let end = buffer.range(of: "\r\n\r\n") {
                buffer = String(buffer[end.upperBound...])
                socket.send(Array("HTTP/1.1 200 OK\r\ncontent-length: \(line.utf8.count)\r\n\r\n\(line)".utf8))
            }
        }
        seen.end()
    }

    private func withServer(
        _ version: UInt32,
        spoken: ServicePort.AppProtocol = .http11,
        cluster fill: @escaping (inout TulleL7.Cluster) -> Void = { _ in },
        serve: @escaping @Sendable (TestSocket) -> Void,
        _ body: (WaypointBench) throws -> Void
    ) throws {
        let place = WaypointBench.reserve(1)
        _ = try #require(TestSocket.serve(place.endpoints[0].ip, port: place.endpoints[0].port, serve))
        let port = ServicePort(port: 80, targetPort: 8080, appProtocol: spoken)
        let bench = try WaypointBench(
            place,
            mesh: { change in
                for index in change.services.indices { change.services[index].ports = [port] }
                for index in change.workloads.indices where change.workloads[index].uid.hasPrefix("demo/echo-") {
                    change.workloads[index].services[TestMesh.key("echo")] = [port]
                }
            },
            routes: { resource in
                resource.cluster {
                    $0.proxyProtocol = version
                    fill(&$0)
                }
            }
        )
        try body(bench)
        #expect(try bench.rest() == nil)
    }

    @Test("HTTP: each client's requests go on connections that name it, which end with its own")
    func http() throws {
        let seen = Seen()
        try self.withServer(1, serve: { Self.serve($0, seen) }) { bench in
            let first = try bench.connect()
            let answer = try first.request(.get("/"))
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix("PROXY TCP4 127."))
            #expect(answer.text.hasSuffix(" 80"))
            #expect(answer.text.contains(" \(WaypointBench.vip) "))
            #expect(try first.request(.get("/")).text == answer.text)
            #expect(seen.headers == [answer.text])
            let other = try bench.client("shell")
            let second = try other.request(WaypointBench.authority, .get("/"))
            #expect(second.status == 200)
            #expect(second.text != answer.text)
            #expect(seen.headers.count == 2)
            #expect(seen.ended <= 1)
            try bench.client.close()
            try other.close()
            #expect(eventually { seen.ended == 2 })
        }
    }

    @Test("bytes: the header in either version comes first", arguments: [UInt32(1), 2])
    func opaque(_ version: UInt32) throws {
        try self.withServer(
            version,
            spoken: .tcp,
            serve: { socket in
                var bytes: [UInt8] = []
                while !bytes.suffix(5).elementsEqual("hello".utf8), let more = socket.receive(), !more.isEmpty {
                    bytes += more
                }
                socket.send(bytes)
                socket.finish()
            }
        ) { bench in
            let raw = try bench.client.raw(WaypointBench.authority)
            try raw.send("hello")
            #expect(raw.waitForEnd())
            let bytes = raw.seen.bytes
            #expect(bytes.suffix(5).elementsEqual("hello".utf8))
            if version == 1 {
                #expect(raw.seen.text.hasPrefix("PROXY TCP4 127."))
                #expect(raw.seen.text.hasSuffix(" 80\r\nhello"))
            } else {
                #expect(bytes.prefix(16).elementsEqual(ProxyHeader.localBytes.prefix(12) + [0x21, 0x11, 0, 12]))
                // The virtual address and port.
                #expect(bytes[20..<24].elementsEqual([240, 240, 0, 9]))
                #expect(bytes[26..<28].elementsEqual([0, 80]))
            }
            try raw.finish()
            #expect(raw.waitForOutcome() != nil)
        }
    }

    @Test("with TLS the header goes before it, in the clear; a health check names nobody", arguments: [UInt32(1), 2])
    func beforeTLS(_ version: UInt32) throws {
        let seen = Seen()
        let begin = version == 1 ? ProxyHeader.unknownText : ProxyHeader.localBytes
        try self.withServer(version) { cluster in
            cluster.tls = .with {
                $0.serverName = "shop.example"
                $0.insecure = true
            }
            cluster.healthCheck = .with {
                $0.kind = .tcp
                $0.intervalMilliseconds = 20
                $0.timeoutMilliseconds = 200
                $0.unhealthyThreshold = 1_000
            }
        } serve: { socket in
            var bytes: [UInt8] = []
            while bytes.count < begin.count + 60, let more = socket.receive(), !more.isEmpty { bytes += more }
            let isRight =
                bytes.starts(with: begin) && bytes.dropFirst(begin.count).starts(with: [0x16, 3])
            let isNamed = bytes.starts(with: version == 1 ? Array("PROXY TCP4 127.".utf8) : begin.prefix(12) + [0x21])
            seen.begin(isRight ? "check" : isNamed ? "request" : "?")
            socket.finish()
        } _: { bench in
            #expect(
                eventually {
                    bench.tick()
                    return seen.headers.contains("check")
                }
            )
            let status = try bench.request(.get("/")).status
            #expect(status == 503)
            #expect(eventually { seen.headers.contains("request") })
            #expect(!seen.headers.contains("?"))
        }
    }
}

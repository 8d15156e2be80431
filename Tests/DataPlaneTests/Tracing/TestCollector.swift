import DataPlaneTestSupport
import Foundation
import MeshModel
import Synchronization
import Testing

/// A collector that speaks HTTP/1.1, answers as it is told and keeps what it took.
final class TestCollector: Sendable {
    private let state = Mutex<(statuses: [Int], taken: [(path: String, head: String, body: [UInt8])])>(([], []))

    /// - Parameter statuses: the first answers; then everything is taken.
    init(_ statuses: [Int] = []) { self.state.withLock { $0.statuses = statuses } }

    /// The bodies that were taken, by the path that they came to.
    func bodies(_ path: String) -> [[UInt8]] {
        self.state.withLock { state in state.taken.filter { $0.path == path }.map(\.body) }
    }

    /// The heads of what was taken.
    var heads: [String] { self.state.withLock { $0.taken.map(\.head) } }

    /// Listens on loopback and gives the port.
    func listen() throws -> UInt16 {
        try #require(TestSocket.serve(IPAddress(v4: 0x7f00_0001)) { self.serve($0) })
    }

    private func serve(_ socket: TestSocket) {
        var bytes: [UInt8] = []
        while let more = socket.receive(), !more.isEmpty {
            bytes += more
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            let length =
                head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
            let body = Array(bytes[end.upperBound...])
            guard body.count >= length else { continue }
            let status = self.state.withLock { state in
                let status = state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
                if status == 200 { state.taken.append((path, head, body)) }
                return status
            }
            socket.send(Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n".utf8))
            socket.finish()
            return
        }
    }
}

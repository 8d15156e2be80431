import BoringTLS
import Foundation
import Glibc

/// Accepts one TCP connection on loopback and serves TLS on it with plain blocking calls, on a thread of its own.
final class BlockingServer: @unchecked Sendable {
    let port: UInt16
    private let listener: Int32
    private let context: TLSContext
    private let done = DispatchSemaphore(value: 0)
    /// Written by the thread before it signals, read by the test after it waited.
    private var outcome: (failure: TLSError?, identity: String?, received: [UInt8]) = (nil, nil, [])

    init(_ context: TLSContext) throws {
        self.context = context
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            guard let raw = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(listener, raw, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, raw, &size) == 0
        }
        self.listener = listener
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.serve() }
    }

    /// What became of the connection; a failure to end within ten seconds is one too.
    func finish() -> (failure: TLSError?, identity: String?, received: [UInt8]) {
        guard done.wait(timeout: .now() + 10) == .success else {
            return (TLSError(.internalError, "server did not end"), nil, [])
        }
        return outcome
    }

    private func serve() {
        defer {
            close(listener)
            done.signal()
        }
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        defer { close(connection) }
        var timeout = timeval(tv_sec: 8, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard
            let session = try? TLSSession(
                context: context,
                role: .server,
                expectation: .anyIdentity(trustDomain: "cluster.local"),
                buffers: TLSBufferPool()
            )
        else { return }
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var received: [UInt8] = []
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { session.endInput() }
            let isOver = buffer.withUnsafeBytes { bytes in
                session.provideCiphertext(UnsafeRawBufferPointer(rebasing: bytes.prefix(max(count, 0))))
                defer { session.endCiphertext() }
                guard session.handshake() == .complete else { return session.failure != nil }
                let result = LoopbackPair.readAll(session, into: &received)
                if !received.isEmpty, result == .needsInput {
                    _ = session.write(Array("answer".utf8))
                    session.shutdown()
                }
                return result != .needsInput
            }
            _ = session.output.withMemoryRebound(to: UInt8.self) { send(connection, $0.baseAddress, $0.count, 0x4000) }
            session.consumeOutput(session.outputCount)
            if isOver || count <= 0 { break }
        }
        outcome = (session.failure, session.peerIdentity, received)
    }
}

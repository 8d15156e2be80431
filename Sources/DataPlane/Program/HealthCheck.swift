import Glibc
package import MeshModel

/// Asks a data plane's readiness endpoint once, with plain blocking calls.
///
/// It is what the command `healthcheck` does, so that a container image needs no other program for its health check.
package struct HealthCheck: Sendable {
    /// What it said, or why it could not be asked.
    package enum Outcome: Hashable, Sendable {
        /// It is ready.
        case ready
        /// It isn't, for this reason.
        case notReady(String)
    }

    /// The endpoint; port 15021 of the loopback unless told otherwise.
    package var address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 15_021)
    /// How long connect, request and each read may take.
    package var timeoutSeconds = 2
    /// Reads after which an endless answer is given up.
    private static let maximumReads = 64

    /// Asks 127.0.0.1.
    package init() {}

    /// Asks, waits for the answer and says it on the standard streams.
    /// - Returns: the exit status of a health check: 0 when it is ready, else 1.
    package func report() -> CInt {
        switch self.run() {
        case .ready:
            StandardStreams.out("ready\n")
            return 0
        case .notReady(let reason):
            StandardStreams.error("not ready: \(reason)\n")
            return 1
        }
    }

    /// Asks and waits for the answer.
    package func run() -> Outcome {
        let family = self.address.ip.isV4 ? AF_INET : AF_INET6
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return self.failure("socket") }
        defer { close(descriptor) }
        // On Linux the sending timeout bounds connect as well.
        var timeout = timeval(tv_sec: self.timeoutSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        guard self.connect(descriptor) == 0 else { return self.failure("connect") }
        guard let request = HTTPClientRequest(host: "\(self.address)", target: "/healthz/ready") else {
            return .notReady("the address makes no valid request")
        }
        let sent = request.bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        guard sent == request.bytes.count else { return self.failure("send") }
        return self.readAnswer(descriptor)
    }

    private func readAnswer(_ descriptor: CInt) -> Outcome {
        var state = HTTPClientState(bodyLimit: 4_096)
        var buffer = [UInt8](repeating: 0, count: 4_096)
        for _ in 0..<Self.maximumReads {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return self.failure("read") }
            switch count == 0 ? state.ended() : state.receive(Array(buffer.prefix(count))) {
            case .more:
                continue
            case .failed(let failure):
                return .notReady("\(self.address) answered with something that is no response (\(failure))")
            case .response(let response) where response.status == 200:
                return .ready
            case .response(let response):
                let text = String(decoding: response.body.prefix(512), as: UTF8.self)
                return .notReady("status \(response.status): \(text.filter { $0 >= " " })")
            }
        }
        return .notReady("\(self.address) sent an endless answer")
    }

    private func connect(_ descriptor: CInt) -> CInt {
        let bytes = self.address.ip.bytes
        if self.address.ip.isV4 {
            var native = sockaddr_in()
            native.sin_family = sa_family_t(AF_INET)
            native.sin_port = self.address.port.bigEndian
            withUnsafeMutableBytes(of: &native.sin_addr) { $0.copyBytes(from: bytes) }
            return withUnsafePointer(to: &native) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var native = sockaddr_in6()
        native.sin6_family = sa_family_t(AF_INET6)
        native.sin6_port = self.address.port.bigEndian
        withUnsafeMutableBytes(of: &native.sin6_addr) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &native) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    private func failure(_ call: String) -> Outcome {
        let code = errno
        return .notReady("\(call) \(self.address): \(String(cString: strerror(code)))")
    }
}

package import MeshModel

/// One outgoing TCP connect with a deadline.
///
/// Held alive by the loop until it is decided; the completion is called exactly once unless it is cancelled.
/// One that keeps its watch holds the connected descriptor until a relay takes it over, or it is cancelled.
package final class TCPDial: EventSource {
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case socket(SocketError)
        case timedOut

        package var description: String {
            switch self {
            case .socket(let error): "\(error)"
            case .timedOut: "connect timed out"
            }
        }
    }

    private var completion: ((Result<Int32, Failure>) -> Void)?
    private let keepsWatch: Bool
    private var told: Readiness = []
    private lazy var deadline = LoopTimer(target: self)

    /// Starts connecting; the completion gets a connected descriptor, which is then the caller's.
    ///
    /// It is never called from within this initialiser: a connect that fails at once is thrown.
    /// - Parameters:
    ///   - source: the local address to connect from; nil lets the kernel choose.
    ///   - spoofed: an address of somebody else to connect from, so that the peer sees it; see ``Socket/connect``.
    ///   - scope: where the socket is made.
    ///   - keepsWatch: whether the connected descriptor stays in this dial's care, for ``Relay/join`` to take over.
    package init(
        loop: EventLoop,
        to address: SocketAddress,
        from source: SocketAddress? = nil,
        spoofing spoofed: IPAddress? = nil,
        scope: SocketScope = .process,
        milliseconds: UInt64 = 10_000,
        keepsWatch: Bool = false,
        completion: @escaping (Result<Int32, Failure>) -> Void
    ) throws(Failure) {
        let descriptor: Int32
        do throws(SocketError) {
            descriptor = try Socket.connect(address, from: source, spoofing: spoofed, scope: scope)
        } catch {
            throw .socket(error)
        }
        self.completion = completion
        self.keepsWatch = keepsWatch
        super.init(loop: loop)
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw .socket(error)
        }
        // A connect within the host is decided by now: no need to wait for the kernel to say so.
        if Socket.isConnected(descriptor) {
            loop.runAgain(self)
        } else {
            loop.start(self.deadline, after: milliseconds)
        }
    }

    override var mayBeShared: Bool { false }
    override var untouched: Readiness { self.told }

    override package func ready(_ readiness: Readiness) {
        self.told.formUnion(readiness)
        guard self.completion != nil, !readiness.isDisjoint(with: [.writable, .failed, .hungUp]) else { return }
        if let error = Socket.connectError(self.descriptor) { return self.finish(.failure(.socket(error))) }
        self.connected()
    }

    override package func again() { self.connected() }

    private func connected() {
        guard let completion = self.completion, self.descriptor >= 0 else { return }
        self.completion = nil
        self.loop.stop(self.deadline)
        completion(.success(self.keepsWatch ? self.descriptor : self.releaseDescriptor()))
    }

    override package func timerFired(_ timer: LoopTimer) { self.finish(.failure(.timedOut)) }
    override package func loopEnded() { self.cancel() }

    /// Gives the dial up; the completion is not called.
    package func cancel() {
        self.completion = nil
        guard self.descriptor >= 0 else { return }
        self.loop.stop(self.deadline)
        self.closeDescriptor()
    }

    private func finish(_ result: Result<Int32, Failure>) {
        let completion = self.completion
        self.cancel()
        completion?(result)
    }
}

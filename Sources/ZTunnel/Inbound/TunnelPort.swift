import DataPlane
import MeshTelemetry
import TunnelEngine

/// A workload's port for tunnels, which takes nobody before the workload has its first certificate.
///
/// Peers may know a new task before its certificate is here. Whoever connects until then waits in the kernel's queue, as
/// Istio's ztunnel lets a handshake wait for the certificate. Confined to its loop.
final class TunnelPort {
    private let loop: EventLoop
    private let workload: ServedWorkload
    private let queue: IdentityQueue
    private let server: TunnelServer
    private var held: [ListeningSocket] = []
    private let heldUntil: UInt64
    /// Whether anybody was, or may be, taken.
    private(set) var isServing = false

    /// How long peers wait at most; after that they are refused at once.
    static let milliseconds: UInt64 = 20_000

    init(loop: EventLoop, workload: ServedWorkload, queue: IdentityQueue, server: TunnelServer) {
        self.loop = loop
        self.workload = workload
        self.queue = queue
        self.server = server
        self.heldUntil = loop.now + Self.milliseconds
    }

    /// Serves a listening socket, or holds it until there is a certificate; takes it over, also when it throws.
    func open(_ socket: ListeningSocket) throws(SocketError) {
        if !self.workload.hasIdentity, self.loop.now < self.heldUntil,
            self.queue.wait({ [weak self] in self?.openHeld() })
        {
            return self.held.append(socket)
        }
        self.isServing = true
        try self.server.listen(on: socket)
    }

    private func openHeld() {
        let held = self.held
        self.held = []
        for socket in held {
            do throws(SocketError) {
                try self.open(socket)
            } catch {
                self.workload.mesh.log.error("tunnel port not served", [LogField("error", "\(error)")])
            }
        }
    }

    /// Closes what is held, and calls back when the last tunnel of those that were taken is over.
    func drain(completion: @escaping () -> Void) {
        self.closeHeld()
        guard self.isServing else { return }
        self.server.drain { [weak self] in
            self?.isServing = false
            completion()
        }
    }

    /// Ends everything at once.
    func close() {
        self.closeHeld()
        self.server.close()
        self.isServing = false
    }

    private func closeHeld() {
        let descriptors = self.held.map(\.descriptor)
        self.held = []  // and the leases, which end before their sockets
        for descriptor in descriptors { Socket.close(descriptor) }
    }
}

import Foundation

/// Forwards TCP connections and cuts each after a number of bytes, both directions counted together.
final class CuttingProxy: @unchecked Sendable {
    /// Bytes that the next connection may carry.
    let budget = Box(Int.max)
    /// Whether the cut is a reset instead of an orderly end.
    let isAbrupt = Box(false)
    let port: UInt16
    private let listener: BlockingSocket

    init(to target: UInt16) {
        let (listener, port) = BlockingSocket.listen()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            while let client = self.listener.accept() {
                guard let server = BlockingSocket.connect(target) else { continue }
                let (one, other) = (Unchecked(client), Unchecked(server))
                Thread.detachNewThread { self.forward(one.value, other.value) }
            }
        }
    }

    func stop() { shutdown(self.listener.descriptor, Int32(SHUT_RDWR)) }

    private func forward(_ client: BlockingSocket, _ server: BlockingSocket) {
        var left = self.budget.value
        let isAbrupt = self.isAbrupt.value
        defer {
            if isAbrupt {
                client.abort()
                server.abort()
            }
        }
        var descriptors = [
            pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while left > 0, poll(&descriptors, 2, 20_000) > 0 {
            for (index, pair) in [(client, server), (server, client)].enumerated()
            where descriptors[index].revents != 0 && left > 0 {
                guard let bytes = pair.0.receive(min(left, 16384)), !bytes.isEmpty, pair.1.send(bytes) else { return }
                left -= bytes.count
            }
        }
    }
}

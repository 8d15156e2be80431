import Foundation

/// Forwards TCP connections and stops doing so on demand, as a network does that lost its way: nobody is told.
final class StallingProxy: @unchecked Sendable {
    /// Connections with a number below this one are not served any more.
    let firstServed = Box(0)
    /// Connections with a number below this one are reset at once.
    let firstKept = Box(0)
    /// Whether connections that aren't served are reset as soon as somebody sends, as by a host with a new owner.
    let resets = Box(false)
    let port: UInt16
    /// How many connections were made.
    let count = Box(0)
    private let listener: BlockingSocket

    init(to target: UInt16) {
        let (listener, port) = BlockingSocket.listen()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            while let client = self.listener.accept() {
                guard let server = BlockingSocket.connect(target) else { continue }
                let (one, other) = (Unchecked(client), Unchecked(server))
                let number = self.count.value
                self.count.value += 1
                Thread.detachNewThread { self.forward(one.value, other.value, number) }
            }
        }
    }

    /// Stops serving the connections that were made so far.
    func stall() { self.firstServed.value = self.count.value }

    /// Resets the connections that were made so far.
    func cut() { self.firstKept.value = self.count.value }

    func stop() { shutdown(self.listener.descriptor, Int32(SHUT_RDWR)) }

    private func forward(_ client: BlockingSocket, _ server: BlockingSocket, _ number: Int) {
        var descriptors = [
            pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for _ in 0..<10_000 {
            if number < self.firstKept.value {
                client.abort()
                return server.abort()
            }
            descriptors[0].revents = 0
            descriptors[1].revents = 0
            guard poll(&descriptors, 2, 5) > 0 else { continue }
            if number < self.firstServed.value {
                if self.resets.value {
                    client.abort()
                    return server.abort()
                }
                usleep(5_000)
                continue
            }
            for (index, pair) in [(client, server), (server, client)].enumerated()
            where descriptors[index].revents != 0 {
                guard let bytes = pair.0.receive(16_384), !bytes.isEmpty, pair.1.send(bytes) else { return }
            }
        }
    }
}

import Glibc

/// Listens for unix sockets of packets at a path.
package final class PacketListener: EventSource {
    private var onConnection: ((Int32) -> Void)?

    /// Listens at `path`, in place of whoever listened there before, and only for this user.
    /// - Parameter onConnection: called for each connection with its descriptor, which it takes over.
    package init(
        loop: EventLoop,
        replacing path: String,
        onConnection: @escaping (Int32) -> Void
    ) throws(SocketError) {
        self.onConnection = onConnection
        super.init(loop: loop)
        // Under a name of its own first, so that there is no moment at which nobody answers.
        let fresh = "\(path).\(getpid())"
        unlink(fresh)
        let descriptor = try UnixSocket.listen(fresh, .packets)
        guard chmod(fresh, 0o600) == 0, rename(fresh, path) == 0 else {
            let error = SocketError(code: errno, call: "rename")
            Socket.close(descriptor)
            unlink(fresh)
            throw error
        }
        do throws(SocketError) {
            try loop.register(self, descriptor: descriptor)
        } catch {
            Socket.close(descriptor)
            throw error
        }
    }

    override package func ready(_ readiness: Readiness) {
        while self.descriptor >= 0 {
            do throws(SocketError) {
                let connection = try UnixSocket.accept(self.descriptor)
                guard let onConnection = self.onConnection else { return Socket.close(connection) }
                onConnection(connection)
            } catch {
                if error.code == EINTR || error.code == ECONNABORTED { continue }
                return
            }
        }
    }

    override package func loopEnded() { self.close() }

    /// Stops listening; the path stays, as it may be somebody else's by now.
    package func close() {
        self.onConnection = nil
        self.closeDescriptor()
    }
}

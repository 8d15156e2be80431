package import TunnelEngine

/// The ztunnel that this one takes over from, until it is told to end.
///
/// Confined to its loop.
package final class Predecessor {
    private var connection: PacketConnection?
    private var onGone: (() -> Void)?

    /// Begins to watch it.
    /// - Parameter onGone: called once, when it is gone without having been told to end: from then on nobody else
    ///   serves.
    package init(
        loop: EventLoop,
        connection: OwnedDescriptor,
        onGone: @escaping () -> Void
    ) throws(SocketError) {
        self.onGone = onGone
        self.connection = try PacketConnection(
            loop: loop,
            descriptor: try connection.duplicate(),
            capacity: RestartMessage.byteLimit,
            onMessage: { _ in },
            onClosed: { [weak self] in
                self?.connection = nil
                let onGone = self?.onGone
                self?.onGone = nil
                onGone?()
            }
        )
    }

    /// Says that this process serves everything, which ends the other.
    package func ready() {
        self.onGone = nil
        self.connection?.send(RestartMessage.ready.bytes)
    }
}

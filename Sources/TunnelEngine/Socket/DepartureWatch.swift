import Glibc

/// Watches a client that waits for us, without reading from it: tells when it has left.
///
/// A reset always means that. An end of the client's side alone may be half-close, so it counts only where asked for, and
/// only when nothing that the client sent before it waits. Confined to its loop.
package final class DepartureWatch: EventSource {
    private let endMeansLeft: Bool
    private var onLeft: (() -> Void)?
    private var told: Readiness = []

    /// Watches `descriptor`, which stays the caller's; ``stop()`` comes before any other use or its close.
    /// - Parameters:
    ///   - endMeansLeft: whether a client that ended its side without further bytes has left.
    ///   - onLeft: called at most once, never from within this initialiser.
    package init(
        loop: EventLoop,
        descriptor: Int32,
        endMeansLeft: Bool,
        onLeft: @escaping () -> Void
    ) throws(SocketError) {
        self.endMeansLeft = endMeansLeft
        self.onLeft = onLeft
        super.init(loop: loop)
        try loop.register(self, descriptor: descriptor)
    }

    /// Ends the watch and leaves the descriptor open.
    package func stop() {
        self.onLeft = nil
        if self.descriptor >= 0 { _ = self.releaseDescriptor() }
    }

    override var mayBeShared: Bool { false }
    override var untouched: Readiness { self.told }

    override package func ready(_ readiness: Readiness) {
        self.told.formUnion(readiness)
        let isReset = !readiness.isDisjoint(with: [.failed, .hungUp])
        guard isReset || self.endMeansLeft && readiness.contains(.readEnded) && self.isEmpty else { return }
        self.left()
    }

    override package func loopEnded() { self.left() }

    private var isEmpty: Bool {
        var byte: UInt8 = 0
        return recv(self.descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    private func left() {
        let onLeft = self.onLeft
        self.stop()
        onLeft?()
    }
}

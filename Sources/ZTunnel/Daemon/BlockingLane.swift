import DataPlane
package import TunnelEngine

/// A thread for work that blocks for some milliseconds, so that no loop has to; in the order in which it was handed in.
package final class BlockingLane: Sendable {
    private let lane: EventLoop

    /// Starts the thread.
    ///
    /// - Throws: ``SocketError`` when the system has no thread or descriptors left.
    package init(index: Int) throws(SocketError) {
        self.lane = try EventLoop(index: index)
        guard LoopThread.start(self.lane) else { throw SocketError(code: 11, call: "thread") }
    }

    deinit { self.lane.stop() }

    /// Does `work` on the thread, and hands its result to `completion` on `loop`.
    package func run<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result,
        on loop: EventLoop,
        completion: @escaping @Sendable (Result) -> Void
    ) {
        self.lane.submit {
            let result = work()
            loop.submit { completion(result) }
        }
    }
}

import Synchronization

/// The state of one worker, which its polls and the events that reach it between them both change.
final class SharedState: Sendable {
    private let state: Mutex<DiscoveryState>

    init(_ state: DiscoveryState) { self.state = Mutex(state) }

    /// As it is now.
    var value: DiscoveryState { self.state.withLock { $0 } }

    /// Changes it; nobody else does meanwhile.
    func change<Result: Sendable>(_ body: (inout DiscoveryState) -> Result) -> Result {
        self.state.withLock { body(&$0) }
    }
}

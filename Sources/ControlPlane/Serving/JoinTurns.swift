import Synchronization

/// Bounds the memory of first answers: a data plane that joins is sent the whole mesh, and who comes while there is no room
/// for another copy waits for its turn, first come, first served.
///
/// After a restart all data planes come at once. Without turns there would be as many copies of the mesh as data planes.
final class JoinTurns: Sendable {
    /// The right to send a first answer. Ends once, by whoever ends it first.
    final class Turn: Sendable {
        private let turns: JoinTurns
        private let bytes: Int
        private let isOver = Atomic(false)

        fileprivate init(_ turns: JoinTurns, bytes: Int) {
            self.turns = turns
            self.bytes = bytes
        }

        /// Lets the next go.
        func end() {
            if !self.isOver.exchange(true, ordering: .acquiringAndReleasing) { self.turns.give(self.bytes) }
        }
    }

    private struct State {
        var free: Int
        var waiting: [(number: UInt64, bytes: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var numbers: UInt64 = 0

        /// Takes those out that there is room for now, in order.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let first = self.waiting.first, first.bytes <= self.free {
                self.free -= first.bytes
                admitted.append(first.continuation)
                self.waiting.removeFirst()
            }
            return admitted
        }
    }

    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameter bytes: how many all first answers together may take.
    init(bytes: Int) {
        self.capacity = max(1, bytes)
        self.state = Mutex(State(free: self.capacity))
    }

    /// Waits for a turn. One that is larger than all there is goes alone. A task that is cancelled gets its turn at once.
    func take(bytes: Int) async -> Turn {
        let bytes = min(max(0, bytes), self.capacity)
        let number = self.state.withLock { state -> UInt64 in
            state.numbers += 1
            return state.numbers
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let admitted = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    guard !Task.isCancelled else {
                        state.free -= bytes
                        return [continuation]
                    }
                    state.waiting.append((number, bytes, continuation))
                    return state.admit()
                }
                for continuation in admitted { continuation.resume() }
            }
        } onCancel: {
            // It will find out soon that its stream is over; until then its bytes count.
            let continuation = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let place = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
                state.free -= bytes
                return state.waiting.remove(at: place).continuation
            }
            continuation?.resume()
        }
        return Turn(self, bytes: bytes)
    }

    /// How many wait.
    var waiting: Int { self.state.withLock { $0.waiting.count } }

    private func give(_ bytes: Int) {
        let admitted = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.free += bytes
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }
}

import MeshModel
import Synchronization
package import TunnelEngine

/// Asks the control plane for workloads and services when a connection needs them (`XDS_ON_DEMAND`).
///
/// Connections ask from their own loops and go on there. Istio's ztunnel lets them wait without end, and forgets the first
/// of two that wait for one name; here a wait ends by its deadline, and everybody hears. Usable from any thread.
package final class OnDemandResources: Sendable {
    /// How a question ended.
    package enum Outcome: Hashable, Sendable {
        /// The control plane answered, and what it knows is in the state.
        case answered
        /// It did not in time, or too many wait.
        case unanswered
    }

    private struct Waiter {
        var left: Set<String>
        var loop: EventLoop
        var completion: @Sendable (Outcome) -> Void
    }

    /// `@unchecked Sendable`: touched on the waiter's loop only.
    private final class Deadline: @unchecked Sendable {
        var alarm: LoopAlarm?
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var next: UInt64 = 0
        var ask: (@Sendable ([String]) -> Void)?
    }

    private let state = Mutex(State())

    /// How long a connection waits, in milliseconds.
    package static let milliseconds: UInt64 = 5_000
    /// Connections that may wait at once.
    package static let maximumWaiters = 10_000

    /// Nobody is asked yet.
    package init() {}

    /// Says how to ask: `ask` is called on any thread, and every name is answered by ``answered(_:)`` in time.
    func begin(_ ask: @escaping @Sendable ([String]) -> Void) { self.state.withLock { $0.ask = ask } }

    /// Asks for names (`network/ip`, `namespace/hostname` or a uid).
    /// - Parameters:
    ///   - loop: where the completion is called.
    ///   - completion: called once, never before this returns.
    package func demand(
        _ names: [String],
        on loop: EventLoop,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        let deadline = Deadline()
        let (ticket, ask) = self.state.withLock { state -> (UInt64?, (@Sendable ([String]) -> Void)?) in
            guard state.waiters.count < Self.maximumWaiters, !names.isEmpty else { return (nil, nil) }
            state.next += 1
            state.waiters[state.next] = Waiter(left: Set(names), loop: loop) { outcome in
                deadline.alarm?.cancel()
                completion(outcome)
            }
            return (state.next, state.ask)
        }
        guard let ticket else { return loop.submit { completion(names.isEmpty ? .answered : .unanswered) } }
        loop.submit { [self] in
            let alarm = LoopAlarm(loop: loop)
            deadline.alarm = alarm
            alarm.set(after: Self.milliseconds) { [self] in
                // Whoever waits holds the alarm.
                self.end(ticket)
            }
        }
        ask?(names)
    }

    private func end(_ ticket: UInt64) {
        let waiter = self.state.withLock { $0.waiters.removeValue(forKey: ticket) }
        waiter?.completion(.unanswered)
    }

    /// Wakes all whose names have all been answered. Called after the state was changed.
    func answered(_ names: [String]) {
        let done = self.state.withLock { state -> [Waiter] in
            var done: [Waiter] = []
            for ticket in Array(state.waiters.keys) {
                state.waiters[ticket]?.left.subtract(names)
                guard state.waiters[ticket]?.left.isEmpty == true,
                    let waiter = state.waiters.removeValue(forKey: ticket)
                else { continue }
                done.append(waiter)
            }
            return done
        }
        for waiter in done { waiter.loop.submit { waiter.completion(.answered) } }
    }
}

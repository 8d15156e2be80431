import Synchronization

extension Log {
    /// Which lines are written, shared by all scopes of a program and changeable while it runs.
    package final class Threshold: Sendable {
        /// What one scope compares a line's level with; one relaxed load a line.
        final class Gate: Sendable {
            /// 0 for nothing, else the level's number plus one.
            private let raw: Atomic<UInt8>

            init(_ level: LogLevel?) {
                self.raw = Atomic(Self.number(level))
            }

            func isOpen(to level: LogLevel) -> Bool { level.rawValue < self.raw.load(ordering: .relaxed) }

            func set(_ level: LogLevel?) { self.raw.store(Self.number(level), ordering: .relaxed) }

            private static func number(_ level: LogLevel?) -> UInt8 { level.map { $0.rawValue + 1 } ?? 0 }
        }

        private struct State {
            var filter: LogFilter
            /// One gate a scope; scopes are constants of the program, so there are few.
            var gates: [String: Gate] = [:]
        }

        private let initial: LogFilter
        private let state: Mutex<State>

        /// Starts with everything up to `level`.
        package convenience init(_ level: LogLevel) {
            self.init(LogFilter(level))
        }

        /// Starts with `filter`, which is also what a reset goes back to.
        package init(_ filter: LogFilter) {
            self.initial = filter
            self.state = Mutex(State(filter: filter))
        }

        /// What is written at this moment.
        package var filter: LogFilter {
            get { self.state.withLock { $0.filter } }
            set {
                self.state.withLock { state in
                    state.filter = newValue
                    for (scope, gate) in state.gates { gate.set(newValue.level(of: scope)) }
                }
            }
        }

        /// Writes everything up to `level` from now on, whatever the scope.
        package func set(_ level: LogLevel) { self.filter = LogFilter(level) }

        /// Goes back to what the program started with.
        package func reset() { self.filter = self.initial }

        func gate(_ scope: StaticString) -> Gate {
            let name = scope.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
            return self.state.withLock { state in
                if let known = state.gates[name] { return known }
                let made = Gate(state.filter.level(of: name))
                state.gates[name] = made
                return made
            }
        }
    }
}

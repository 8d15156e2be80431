import AWSClient
package import Logging
import Synchronization

/// Holds a lease whenever it can be had, and lets the work run for just as long.
package final class LeaseKeeper: Sendable {
    private struct State {
        var lease: Lease
        var isStopping = false
        var error: String?
    }

    /// How a lease stands, for the pages.
    package struct Status: Sendable, Hashable, Codable {
        /// The work.
        package var work: String
        /// Who does it as far as we have seen; nil when nobody does, or nothing was read yet.
        package var holder: String?
        /// Whether that is us, now.
        package var isOurs: Bool
        /// Why the table could not be asked; nil when all is well.
        package var error: String?
    }

    private let table: any ReplicaTable
    private let logger: Logger
    private let state: Mutex<State>

    /// How long a call of the table may take: there must be time for another before the work has to stop.
    private static let deadline = Duration.milliseconds(1500)
    /// How often the work is looked after that it does not outlast the lease.
    private static let watch = Duration.milliseconds(500)

    /// Makes a keeper; `run` does the work.
    ///
    /// - Parameters:
    ///   - work: what only one replica does, such as `route53`.
    ///   - replica: our name, of this process alone.
    package init(work: String, replica: String, table: any ReplicaTable, logger: Logger) {
        self.table = table.within(Self.deadline)
        self.logger = logger
        self.state = Mutex(State(lease: Lease(name: work, replica: replica)))
    }

    /// How it stands.
    package var status: Status {
        self.state.withLock { state in
            let isOurs = state.lease.held(at: .now) != nil
            let holder = state.lease.record?.holder ?? ""
            return Status(
                work: state.lease.name,
                holder: holder.isEmpty ? nil : holder,
                isOurs: isOurs,
                error: state.error
            )
        }
    }

    /// Claims the lease and runs the work while it is held, again and again, until cancelled or given back.
    package func run(_ work: @escaping @Sendable () async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.claim() }
            while !Task.isCancelled, !self.state.withLock(\.isStopping) {
                if self.isHeld { await self.whileHeld(work) }
                guard (try? await Task.sleep(for: Self.watch)) != nil else { break }
            }
            group.cancelAll()
        }
    }

    /// Stops the work and gives the lease back, so that another replica need not wait for its end.
    package func release() async {
        let isHeld = self.state.withLock { state in
            state.isStopping = true
            return state.lease.held(at: .now) != nil
        }
        guard isHeld else { return }
        // Time for the work to stop, and for a write that is under way.
        try? await Task.sleep(for: Self.watch * 2)
        let sent = ContinuousClock.now
        let (move, name) = self.state.withLock { ($0.lease.release(at: sent), $0.lease.name) }
        guard let move, case .done? = try? await self.table.write([move.write(of: name)]) else { return }
        self.state.withLock { $0.lease.took(move, sent: sent) }
    }

    private var isHeld: Bool {
        self.state.withLock { !$0.isStopping && $0.lease.held(at: .now) != nil }
    }

    private func whileHeld(_ work: @escaping @Sendable () async -> Void) async {
        let name = self.state.withLock(\.lease.name)
        self.logger.info("lease taken", metadata: ["lease": "\(name)"])
        await withDiscardingTaskGroup { group in
            group.addTask { await work() }
            while self.isHeld, (try? await Task.sleep(for: self.rest)) != nil {}
            group.cancelAll()
        }
        self.logger.info("lease left", metadata: ["lease": "\(name)"])
    }

    /// Until the lease ends, or until it is time to look whether it was lost.
    private var rest: Duration {
        let now = ContinuousClock.now
        let until = self.state.withLock { $0.lease.held(at: now) } ?? now
        return min(Self.watch, until - now)
    }

    private func claim() async {
        while !Task.isCancelled, !self.state.withLock(\.isStopping) {
            let isSound = await self.turn()
            let pause = self.state.withLock { $0.lease.pause(at: .now, isSound: isSound) }
            guard (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    /// One look and one write.
    ///
    /// - Returns: whether they were answered, and the write taken.
    private func turn() async -> Bool {
        var isTaken = true
        do {
            let (needsLook, key) = self.state.withLock { state in
                state.lease.expire(at: .now)
                return (state.lease.needsLook, TableKey("lease", state.lease.name))
            }
            if needsLook {
                let record = try await self.table.get(key).flatMap(Lease.Record.init)
                self.state.withLock { $0.lease.saw(record, at: .now) }
            }
            let sent = ContinuousClock.now
            let move = self.state.withLock { $0.isStopping ? nil : $0.lease.move(at: sent) }
            if let move {
                switch try await self.table.write([move.write(of: key.sort)]) {
                case .done: self.state.withLock { $0.lease.took(move, sent: sent) }
                case .conflict:
                    let found = try await self.table.get(key).flatMap(Lease.Record.init)
                    self.state.withLock { $0.lease.refused(at: .now, found) }
                    isTaken = false
                }
            }
            self.note(nil)
            return isTaken
        } catch {
            if !Task.isCancelled { self.note("\(error)") }
            return false
        }
    }

    private func note(_ error: String?) {
        let isNew = self.state.withLock { state in
            defer { state.error = error }
            return (error == nil) != (state.error == nil)
        }
        guard isNew, let error else { return }
        self.logger.warning("lease cannot be kept", metadata: ["error": "\(error)"])
    }
}

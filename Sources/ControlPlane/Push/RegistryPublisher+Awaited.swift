import ECSDiscovery
package import Foundation
import Synchronization

extension RegistryPublisher {
    /// What the first push waits for.
    package struct Awaited: Sendable, Hashable, CustomStringConvertible {
        /// Since when.
        package var since: Date
        /// The discovery workers that have not looked at everything once, each with the code of its last error.
        package var workers: [String]
        /// Whether declared resources have not been read.
        package var configuration: Bool

        /// One line for a person.
        package var description: String {
            let parts = self.workers + (self.configuration ? ["the declared resources"] : [])
            let what = parts.isEmpty ? "" : ", waiting for \(parts.joined(separator: ", "))"
            return "discovery has not finished, it runs since \(self.since.formatted(.iso8601))\(what)"
        }
    }

    /// What the first push waits for; nil after it.
    package var awaited: Awaited? {
        guard !self.store.isReady else { return nil }
        return self.state.withLock { state in
            let missing = state.workers.sorted().filter { state.snapshots[$0]?.isSettled != true }
            return Awaited(
                since: self.started,
                workers: missing.map { worker in
                    state.snapshots[worker]?.account.errorCode.map { "\(worker) (\($0))" } ?? worker
                },
                configuration: !state.isDeclared
            )
        }
    }

    /// The labels by which policies select each workload, by uid.
    package var workloadLabels: [String: [String: String]] { self.state.withLock { $0.compiler.workloadLabels } }
}

package import CertificateAuthority
import Synchronization

/// The service accounts that are bound to a role now: their workloads have a task that can prove itself each time, so no
/// other proof stands for them.
package final class BoundAccounts: Sendable {
    private let accounts = Mutex<Set<String>>([])

    /// Nobody's.
    package init() {}

    /// Takes the bindings of now.
    package func replace(_ bindings: [RoleBinding]) {
        let accounts = Set(bindings.map { "\($0.namespace)/\($0.serviceAccount)" })
        self.accounts.withLock { $0 = accounts }
    }

    /// Whether `<namespace>/<service account>` is bound.
    package func contains(_ account: String) -> Bool { self.accounts.withLock { $0.contains(account) } }
}

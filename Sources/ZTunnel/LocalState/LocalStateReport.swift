import Synchronization

/// What became of the local file, for the config dump. Usable from any thread.
package final class LocalStateReport: Sendable {
    /// How it stands.
    package struct Status: Hashable, Sendable {
        /// The file's path, or `LOCAL_XDS`.
        package var source: String
        /// Workloads, services and policies in use.
        package var resources = 0
        /// How often a content was taken over.
        package var loads: UInt64 = 0
        /// How often one was refused.
        package var refusals: UInt64 = 0
        /// Why the last content that was seen was refused; nil when it is in use.
        package var problem: String?
    }

    private let kept = Mutex<Status?>(nil)

    /// Nothing known yet.
    package init() {}

    /// How it stands; nil without local state.
    package var status: Status? { self.kept.withLock { $0 } }

    func set(_ status: Status) { self.kept.withLock { $0 = status } }
}

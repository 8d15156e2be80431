import AWSClient
package import CertificateAuthority
import Crypto
package import ECSDiscovery
import Foundation
package import Logging
import Synchronization

/// Keeps what each discovery worker last saw over restarts, in files `discovery-….json` of the state directory: a control
/// plane that starts while an account denies or throttles it goes on with that account's tasks.
package final class SnapshotFiles: Sendable {
    /// What was read longer ago does not count any more, in seconds.
    package static let maximumAge: Double = 24 * 3_600
    /// Larger files are neither written nor read, in bytes.
    private static let fileBytes = 128 << 20
    private static let prefix = "discovery-"

    private let state: StateDirectory
    private let logger: Logger
    private let now: @Sendable () -> Double
    /// The workers of which the newest state could not be written.
    private let failing = Mutex<Set<String>>([])

    /// Keeps files in one state directory.
    ///
    /// - Parameter now: seconds since the epoch.
    package init(
        state: StateDirectory,
        logger: Logger,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.state = state
        self.logger = logger
        self.now = now
    }

    /// What a worker may start from. A file that can't be read, or is of another version, worker, account or region,
    /// counts as none; the log says so.
    package func load(_ place: AccountPlan.Place) -> DiscoverySnapshot? {
        let name = Self.file(of: place.name)
        do {
            guard let content = try self.state.read(name, limit: Self.fileBytes) else { return nil }
            let kept = try JSONDecoder().decode(KeptSnapshot.self, from: Data(content))
            guard kept.version == KeptSnapshot.currentVersion, kept.worker == place.name else {
                throw Unreadable(reason: "version \(kept.version) of worker \(kept.worker.prefix(320))")
            }
            let snapshot = kept.snapshot(now: self.now(), age: Self.maximumAge) { cluster in
                guard let arn = ARN(parsing: cluster) else { return false }
                return arn.region == place.region && (place.account == nil || arn.account == place.account)
            }
            self.logger.info(
                snapshot == nil ? "what was seen before the start is too old" : "starting from what was seen before",
                metadata: ["worker": "\(place.name)", "tasks": "\(snapshot?.tasks.count ?? 0)"]
            )
            return snapshot
        } catch {
            self.logger.warning(
                "what was seen before the start cannot be read, and counts as nothing",
                metadata: ["worker": "\(place.name)", "file": "\(self.state.path)/\(name)", "error": "\(error)"]
            )
            return nil
        }
    }

    /// Keeps a worker's state in the place of the one before.
    ///
    /// - Returns: whether that is done; the log tells when it begins to fail.
    package func store(_ snapshot: DiscoverySnapshot, of worker: String) -> Bool {
        guard let kept = KeptSnapshot(snapshot, of: worker) else { return true }
        let name = Self.file(of: worker)
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let content = try encoder.encode(kept)
            guard content.count <= Self.fileBytes else {
                throw Unreadable(reason: "\(content.count) bytes, at most \(Self.fileBytes) are kept")
            }
            try self.state.write(name, Array(content))
            self.failing.withLock { _ = $0.remove(worker) }
            return true
        } catch {
            guard self.failing.withLock({ $0.insert(worker).inserted }) else { return false }
            self.logger.warning(
                "what was seen cannot be kept for the next start",
                metadata: ["worker": "\(worker)", "file": "\(self.state.path)/\(name)", "error": "\(error)"]
            )
            return false
        }
    }

    /// Removes the files of all workers but these.
    package func retain(_ workers: some Sequence<String>) {
        let wanted = Set(workers.map(Self.file(of:)))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.state.path)) ?? []
        for name in names where name.hasPrefix(Self.prefix) && name.hasSuffix(".json") && !wanted.contains(name) {
            try? self.state.remove(name)
        }
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let reason: String
        var description: String { self.reason }
    }

    /// Names of workers may be longer than those of files.
    private static func file(of worker: String) -> String {
        let digest = SHA256.hash(data: Data(worker.utf8)).prefix(8)
        let hex = digest.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
        return "\(Self.prefix)\(hex).json"
    }
}

import Foundation
import Glibc

/// Ends a lab, running or crashed, and removes all that it made.
package struct LabTeardown: Sendable {
    /// How long a running lab has to go down by itself.
    private static let patience = Duration.seconds(45)

    private let files: StateDirectory

    /// For the lab of a state directory.
    package init(_ files: StateDirectory) { self.files = files }

    /// Ends the lab; returns one line for each thing done. Nothing to do is fine.
    ///
    /// Fails if something can't be removed; then the ledger stays, and another try goes on from there.
    package func run(keepLogs: Bool) async throws -> [String] {
        guard self.files.isUsed || FileManager.default.fileExists(atPath: self.files.ledger) else {
            return ["no lab in \(self.files.root)"]
        }
        var lines: [String] = []
        if let identity = LabIdentity.read(self.files), identity.isRunning {
            try await self.end(identity)
            lines.append("ended lab \(identity.labID)")
        }
        let lock = try await self.takeLock()
        defer { lock.release() }
        let ledger = try Ledger(path: self.files.ledger)
        let count = ledger.resources.count
        let left = await Cleaner(ledger: ledger).removeAll()
        guard left.isEmpty else {
            throw LabError(.commandFailed, "not removed:\n\(left.joined(separator: "\n"))")
        }
        if count > 0 { lines.append("removed \(count) leftover resource\(count == 1 ? "" : "s")") }
        self.files.remove(keepingLogs: keepLogs)
        return lines.isEmpty ? ["the lab was down already"] : lines
    }

    private func end(_ identity: LabIdentity) async throws {
        kill(identity.processID, SIGTERM)
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        while identity.isRunning {
            if clock.now > deadline {
                // Its leftovers are in the ledger, so killing it loses nothing.
                kill(identity.processID, SIGKILL)
            }
            guard clock.now < deadline + .seconds(5) else {
                throw LabError(.timedOut, "lab process \(identity.processID) doesn't end")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func takeLock() async throws -> StateLock {
        for _ in 0..<40 {
            if let lock = try? StateLock(self.files) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try StateLock(self.files)
    }
}

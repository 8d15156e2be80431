import Foundation
import Glibc

/// The files of a lab's state directory.
package struct StateDirectory: Sendable {
    /// Absolute path of the directory.
    package let root: String

    /// The directory at a path, relative ones taken from where the program runs.
    package init(path: String) {
        self.root = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    package var lock: String { "\(self.root)/lock" }
    package var identity: String { "\(self.root)/lab.json" }
    package var ledger: String { "\(self.root)/ledger.jsonl" }
    package var status: String { "\(self.root)/status.json" }
    package var environment: String { "\(self.root)/env" }
    package var account: String { "\(self.root)/account.json" }
    package var controlToken: String { "\(self.root)/control-token" }
    package var motoLog: String { "\(self.root)/moto.log" }
    package var labLog: String { "\(self.root)/lab.log" }
    package var logs: String { "\(self.root)/logs" }

    /// Everything that a lab puts there, the lock excepted.
    private var entries: [String] {
        [
            self.identity, self.ledger, self.status, self.environment, self.account, self.controlToken, self.motoLog,
            self.labLog, self.logs,
        ]
    }

    /// Makes the directory with mode 0700 if it isn't there.
    package func make() throws {
        try FileManager.default.createDirectory(
            atPath: self.root,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    }

    /// Whether a lab has been here.
    package var isUsed: Bool { FileManager.default.fileExists(atPath: self.identity) }

    /// Writes a file of mode 0600 in one step, so that a reader sees the old or the new text.
    package func write(_ text: String, to path: String) throws {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LabError(.commandFailed, "can't write \(temporary): \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
        guard rename(temporary, path) == 0 else {
            throw LabError(.commandFailed, "can't write \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes the lab's own files, and the directory if nothing else is in it.
    package func remove(keepingLogs: Bool) {
        for path in self.entries where !(keepingLogs && [self.logs, self.motoLog, self.labLog].contains(path)) {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: "\(path).new")
        }
        try? FileManager.default.removeItem(atPath: self.lock)
        rmdir(self.root)
    }
}

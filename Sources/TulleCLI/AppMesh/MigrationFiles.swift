import Foundation

/// The directory that a migration writes into.
struct MigrationFiles: Sendable {
    /// Its path, as it was given.
    var path: String
    /// Whether files that are there may be replaced.
    var overwrites: Bool

    /// Writes all files. A directory that holds something is refused, so that nothing of an earlier run stays behind
    /// unseen among the new files.
    /// - Throws: `CommandFailure` that names the path.
    func write(_ files: [AppMeshMigration.File]) throws(CommandFailure) {
        let manager = FileManager.default
        var isDirectory: ObjCBool = false
        if manager.fileExists(atPath: self.path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else { throw self.failure(self.path, "is a file") }
            let there = (try? manager.contentsOfDirectory(atPath: self.path)) ?? []
            guard there.isEmpty || self.overwrites else {
                throw CommandFailure(
                    "\(self.path) is not empty; nothing is written",
                    hint: "name a new directory, or pass --overwrite to replace files of the same names"
                )
            }
        }
        let top = URL(fileURLWithPath: self.path, isDirectory: true)
        for file in files {
            let place = top.appending(path: file.path)
            do {
                try manager.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: place)
            } catch {
                throw self.failure(place.path(percentEncoded: false), "cannot be written")
            }
        }
    }

    private func failure(_ path: String, _ reason: String) -> CommandFailure {
        CommandFailure("\(path) \(reason)", hint: "check the path and its permissions")
    }
}

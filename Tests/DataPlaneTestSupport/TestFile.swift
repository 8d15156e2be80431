import Foundation

/// A file of a test in a folder of its own, which goes with it.
package final class TestFile: Sendable {
    package let path: String

    /// Names a file that isn't there yet.
    package init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ztunnel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.path = folder.appendingPathComponent("file").path
    }

    package convenience init(_ text: String) throws {
        try self.init()
        try self.write(text)
    }

    /// Puts a new file in its place, as tools do that write atomically.
    package func write(_ text: String) throws { try text.write(toFile: self.path, atomically: true, encoding: .utf8) }

    package func remove() throws { try FileManager.default.removeItem(atPath: self.path) }

    deinit {
        try? FileManager.default.removeItem(at: URL(fileURLWithPath: self.path).deletingLastPathComponent())
    }
}

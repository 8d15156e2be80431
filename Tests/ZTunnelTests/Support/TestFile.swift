import Foundation

/// A file of a test in a folder of its own, which goes with it.
final class TestFile: Sendable {
    let path: String

    /// Names a file that isn't there yet.
    init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ztunnel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.path = folder.appendingPathComponent("file").path
    }

    convenience init(_ text: String) throws {
        try self.init()
        try self.write(text)
    }

    /// Puts a new file in its place, as tools do that write atomically.
    func write(_ text: String) throws { try text.write(toFile: self.path, atomically: true, encoding: .utf8) }

    func remove() throws { try FileManager.default.removeItem(atPath: self.path) }

    deinit {
        try? FileManager.default.removeItem(at: URL(fileURLWithPath: self.path).deletingLastPathComponent())
    }
}

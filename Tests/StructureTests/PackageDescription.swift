import Foundation

/// The package as SwiftPM reads it: which target may import which.
struct PackageDescription: Decodable {
    var targets: [Target]

    struct Target: Decodable {
        var name: String
        var type: String
        var path: String?
        var dependencies: [Dependency]

        /// Our own targets that it depends on.
        var rooms: [String] { self.dependencies.compactMap(\.room) }
        /// Other packages' products that it depends on.
        var products: [String] { self.dependencies.compactMap(\.product) }
        /// Where its sources are.
        var folder: String { self.path ?? (self.type == "test" ? "Tests/\(self.name)" : "Sources/\(self.name)") }
    }

    /// SwiftPM writes `{"byName": [name, condition]}` or `{"product": [name, package, aliases, condition]}`.
    struct Dependency: Decodable {
        var room: String?
        var product: String?

        private enum Key: CodingKey {
            case byName
            case target
            case product
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            func first(_ key: Key) throws -> String? {
                guard values.contains(key) else { return nil }
                var list = try values.nestedUnkeyedContainer(forKey: key)
                return try list.decode(String.self)
            }
            self.room = try first(.byName) ?? first(.target)
            self.product = try first(.product)
        }
    }

    /// The repository's top folder.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The description, read once for all tests.
    static let current = Result { try Self.load() }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Asks SwiftPM. `dump-package` reads the manifest only; with a scratch path of its own it does not wait for the
    /// lock that the running `swift test` holds.
    private static func load() throws -> PackageDescription {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "tulle-structure-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let output = scratch.appending(path: "package.json")
        guard FileManager.default.createFile(atPath: output.path, contents: nil) else {
            throw Failure(description: "cannot write to \(scratch.path)")
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", Self.root.path, "--scratch-path", scratch.path, "--disable-sandbox",
            "dump-package",
        ]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 180, execute: watchdog)
        process.waitUntilExit()
        watchdog.cancel()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "swift package dump-package ended with status \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(PackageDescription.self, from: Data(contentsOf: output))
    }

    /// A target and all of our own targets below it.
    func closure(of name: String) -> Set<String> {
        var found: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            guard found.insert(next).inserted else { continue }
            open.append(contentsOf: self.targets.first { $0.name == next }?.rooms ?? [])
        }
        return found
    }
}

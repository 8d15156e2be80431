import Foundation
import FuzzTargets
import Testing

/// Every kept input is run on every build: those that once broke something, and the seeds.
@Suite("Fuzz inputs") struct FuzzReplayTests {
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz")

    private static func inputs(_ kind: String, of target: String) throws -> [URL] {
        let folder = self.folder.appending(path: "\(kind)/\(target)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    @Test("what once broke a reader does not break it again", arguments: FuzzTarget.all.map(\.name))
    func crashers(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for file in try Self.inputs("Crashers", of: name) {
            let bytes = Array(try Data(contentsOf: file))
            #expect(throws: Never.self, "\(file.lastPathComponent)") { try target.run(bytes) }
        }
    }

    @Test("every reader has seeds, and gets through them and their truncations", arguments: FuzzTarget.all.map(\.name))
    func seeds(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let files = try Self.inputs("Corpus", of: name)
        #expect(!files.isEmpty, "\(name) has no seeds in Fuzz/Corpus")
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            let step = max(1, bytes.count / 64)
            for count in Array(stride(from: 0, to: bytes.count, by: step)) + [bytes.count] {
                #expect(throws: Never.self, "\(file.lastPathComponent), \(count) bytes") {
                    try target.run(Array(bytes.prefix(count)))
                }
            }
        }
    }

    @Test("no folder of inputs belongs to a reader that is gone", arguments: ["Corpus", "Crashers"])
    func folders(_ kind: String) throws {
        let names = Set(FuzzTarget.all.map(\.name))
        let folder = Self.folder.appending(path: kind)
        guard FileManager.default.fileExists(atPath: folder.path) else { return }
        for item in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !item.hasPrefix(".") {
            #expect(names.contains(item), "Fuzz/\(kind)/\(item)")
        }
    }
}

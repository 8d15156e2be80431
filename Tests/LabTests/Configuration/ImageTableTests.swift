import Foundation
import Testing

@testable import Lab

@Suite struct ImageTableTests {
    private static let table = ImageTable(images: [
        "tulle/echo": .init(command: ["a"]), "tulle/echo:2": .init(command: ["b"]),
        "host:5000/app": .init(command: ["c"]),
    ])

    @Test(
        arguments: [
            ("tulle/echo", ["a"]), ("tulle/echo:1", ["a"]), ("tulle/echo:2", ["b"]), ("tulle/echo:1@sha256:00", ["a"]),
            ("host:5000/app:9", ["c"]), ("host:5000/app", ["c"]), ("other", nil),
        ] as [(String, [String]?)]
    )
    func `a name without tag stands for all tags`(_ name: String, _ command: [String]?) {
        #expect(Self.table.image(named: name).command == command)
    }

    @Test func `a configuration file adds to the standard table and wins over it`() throws {
        let path = NSTemporaryDirectory() + "lab-images-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try #"{"images": {"tulle/echo": {"entryPoint": ["mine"], "files": {"/x": "/y"}}}}"#
            .write(toFile: path, atomically: true, encoding: .utf8)
        let merged = ImageTable.standard(scripts: "/s", programs: "/p").merging(try ImageTable.read(path: path))
        #expect(merged.image(named: "tulle/echo:1").entryPoint == ["mine"])
        #expect(merged.image(named: "tulle/ztunnel").files == ["/ztunnel": "/p/ztunnel"])
    }

    @Test func `a configuration file that can't be read is named`() {
        let error = #expect(throws: LabError.self) { try ImageTable.read(path: "/nonexistent.json") }
        #expect(error?.message.contains("/nonexistent.json") == true)
    }
}

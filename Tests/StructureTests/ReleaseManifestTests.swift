import Foundation
import Testing

/// What `make release` says about the binaries that it built.
struct ReleaseManifestTests {
    @Test("names each binary by its hash, and each package by its version")
    func complete() throws {
        let out = FileManager.default.temporaryDirectory.appending(path: "tulle-release-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: out) }
        try Data("abc".utf8).write(to: out.appending(path: "ztunnel"))
        try Data("".utf8).write(to: out.appending(path: "tulled"))
        let pins = """
            {"pins": [{"identity": "swift-nio", "kind": "remoteSourceControl", "location": "https://example.org/a/swift-nio.git",
              "state": {"revision": "0123", "version": "2.1.0"}}], "version": 3}
            """
        try Data(pins.utf8).write(to: out.appending(path: "Package.resolved"))
        try Self.run(out, status: 0)
        let sums = try String(contentsOf: out.appending(path: "SHA256SUMS"), encoding: .utf8)
        #expect(
            sums == """
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  tulled
                ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  ztunnel

                """
        )
        let first = try Data(contentsOf: out.appending(path: "sbom.cdx.json"))
        let document = try #require(try JSONSerialization.jsonObject(with: first) as? [String: Any])
        #expect(document["bomFormat"] as? String == "CycloneDX")
        let components = try #require(document["components"] as? [[String: Any]])
        let places = components.compactMap { $0["purl"] as? String }
        #expect(places == ["pkg:swift/example.org/a/swift-nio@2.1.0"])
        let dependencies = try #require(document["dependencies"] as? [[String: Any]])
        let known = Set(components.compactMap { $0["bom-ref"] as? String } + ["tulle"])
        for entry in dependencies {
            #expect(known.isSuperset(of: entry["dependsOn"] as? [String] ?? ["?"]))
            // No package of SwiftPM is linked into a data plane.
            let isWhole = (entry["dependsOn"] as? [String])?.contains("swift-nio@2.1.0") == true
            #expect(isWhole == (entry["ref"] as? String == "tulle/tulled"))
        }
        try Self.run(out, status: 0)
        #expect(try Data(contentsOf: out.appending(path: "sbom.cdx.json")) == first)
    }

    @Test("fails where nothing was built")
    func empty() throws {
        try Self.run(
            FileManager.default.temporaryDirectory.appending(path: "tulle-none-\(UUID().uuidString)"),
            status: 1
        )
    }

    private static func run(_ out: URL, status: Int32) throws {
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        script.arguments = [
            "python3", "scripts/release-manifest.py", out.path, out.appending(path: "Package.resolved").path,
        ]
        script.currentDirectoryURL = PackageDescription.root
        script.standardError = Pipe()
        try script.run()
        script.waitUntilExit()
        #expect(script.terminationStatus == status)
    }
}

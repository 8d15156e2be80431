import Foundation
import Testing

/// The pages that scripts write say what the code says: `docs/limits.md`, `docs/tulled-settings.md`.
struct LimitsPageTests {
    @Test("the page is what the code says", arguments: ["limits", "tulled-settings"])
    func isUpToDate(_ script: String) throws {
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = ["python3", "scripts/\(script).py", "--check"]
        check.currentDirectoryURL = PackageDescription.root
        let output = Pipe()
        check.standardError = output
        try check.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
    }
}

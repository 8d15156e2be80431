import Foundation
import Testing

/// `docs/limits.md` says what the code says.
struct LimitsPageTests {
    @Test("the page of limits is what the code says")
    func isUpToDate() throws {
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = ["python3", "scripts/limits.py", "--check"]
        check.currentDirectoryURL = PackageDescription.root
        let output = Pipe()
        check.standardError = output
        try check.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
    }
}

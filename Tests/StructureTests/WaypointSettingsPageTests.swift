import Foundation
import Testing

/// `docs/waypoint-settings.md` tells of every variable that the waypoint's settings are read from.
struct WaypointSettingsPageTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: PackageDescription.root.appending(path: path), encoding: .utf8)
    }

    private static func isVariable(_ name: Substring) -> Bool {
        name.count > 3 && name.first?.isLetter == true
            && name.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
    }

    /// What stands in quotation marks in the code and is written like a variable.
    private func read() throws -> Set<String> {
        let code = try self.text("Sources/Waypoint/Configuration/Configuration.swift")
        let parts = code.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        return Set(parts.filter { $0.offset % 2 == 1 && Self.isVariable($0.element) }.map { String($0.element) })
    }

    /// The names in the first cell of each row; those of the platform and of OpenTelemetry are read elsewhere.
    private func described() throws -> [String] {
        let rows = try self.text("docs/waypoint-settings.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        return rows.flatMap { row in
            (row.split(separator: "|").first ?? "").split(separator: "`").filter(Self.isVariable).map(String.init)
        }
        .filter { name in !["OTEL_", "AWS_", "ECS_"].contains { name.hasPrefix($0) } }
    }

    @Test("page and program know the same variables")
    func names() throws {
        let (known, described) = (try self.read(), try self.described())
        #expect(known.count >= 10, "the search for variables found too little to mean anything: \(known.sorted())")
        #expect(Set(described).subtracting(known).sorted() == [], "described, but not read")
        #expect(known.subtracting(described).sorted() == [], "read, but not described")
        #expect(Set(described).count == described.count, "a variable is described twice")
    }
}

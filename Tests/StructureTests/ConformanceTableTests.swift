import Foundation
import Testing

@Suite("The tables of conformance")
struct ConformanceTableTests {
    /// One line of a table.
    private struct Row {
        var number: Int
        var proof: String

        /// What stands in backticks or quotation marks: names of suites, functions and tests.
        var names: [String] {
            var names: [String] = []
            for mark in ["`", "\""] as [Character] {
                let parts = self.proof.split(separator: mark, omittingEmptySubsequences: false)
                // Between an odd mark and the next stands a name.
                names += parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
            }
            return names.filter { !$0.contains("`") && !$0.contains("\"") }
        }
    }

    /// The pages, and how many cases each has rows for.
    private static let pages = [("ztunnel", 140), ("controlplane", 121), ("waypoint", 358)]

    private func rows(_ page: String) throws -> [Row] {
        let page = PackageDescription.root.appending(path: "docs/conformance/\(page).md")
        return try String(contentsOf: page, encoding: .utf8).split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count >= 5, let number = Int(cells[1].trimmingCharacters(in: .whitespaces)) else { return nil }
            return Row(number: number, proof: cells[3...].dropLast().joined(separator: "|"))
        }
    }

    @Test("every case has its row, once and in order", arguments: pages)
    func complete(_ page: String, _ count: Int) throws {
        #expect(try self.rows(page).map(\.number) == Array(1...count))
    }

    /// All tests, with their files' names.
    private static let tests: Data = {
        var tests = Data()
        let top = PackageDescription.root.appending(path: "Tests")
        let files = FileManager.default.enumerator(atPath: top.path)?.compactMap { $0 as? String } ?? []
        for file in files where file.hasSuffix(".swift") || file.hasSuffix(".py") {
            tests += Data("// \(file)\n".utf8)
            tests += (try? Data(contentsOf: top.appending(path: file))) ?? Data()
        }
        return tests
    }()

    @Test("every test that a row names exists", arguments: pages.map(\.0))
    func namesExist(_ page: String) throws {
        // Many rows name the same tests, and each search reads megabytes.
        var rows: [String: Int] = [:]
        for row in try self.rows(page) { for name in row.names where rows[name] == nil { rows[name] = row.number } }
        for (name, row) in rows {
            let isThere = Self.tests.range(of: Data(name.utf8)) != nil
            #expect(isThere, "row \(row) names \"\(name)\", which no test is called")
        }
    }
}

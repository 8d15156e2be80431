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

        /// The names behind the suite or file that they belong to.
        var claims: [Claim] {
            var claims: [Claim] = []
            var suite: String?
            var rest = Substring(self.proof)
            while let mark = rest.first(where: { $0 == "`" || $0 == "\"" }), let start = rest.firstIndex(of: mark) {
                rest = rest[rest.index(after: start)...]
                guard let end = rest.firstIndex(of: mark) else { break }
                let name = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                let isSuite = name.hasSuffix(".py") || (name.hasSuffix("Tests") && name.first?.isUppercase == true)
                if mark == "`", isSuite {
                    suite = name
                } else if let suite {
                    claims.append(Claim(suite: suite, name: name, isTitle: mark == "\""))
                }
            }
            return claims
        }
    }

    /// A name in a row, with the suite or file of tests that stands before it.
    private struct Claim: Hashable {
        var suite: String
        var name: String
        /// Whether it stands in quotation marks, as a test's title does; else it may be any word of the code.
        var isTitle: Bool
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
    private static let tests = files.reduce(into: Data()) { tests, file in
        tests += Data("// \(file.path)\n".utf8)
        tests += file.content
    }

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

    /// Every file of tests, by its path.
    private static let files: [(path: String, content: Data)] = {
        let top = PackageDescription.root.appending(path: "Tests")
        let paths = FileManager.default.enumerator(atPath: top.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }.compactMap { path in
            (try? Data(contentsOf: top.appending(path: path))).map { (path, $0) }
        }
    }()

    private static func holds(_ suite: String, _ name: String) -> Bool {
        // Nearly every suite stands in a file of its name.
        let isThere = self.files.contains { path, content in
            path.hasSuffix("/\(suite).swift") && content.range(of: Data(name.utf8)) != nil
        }
        if isThere { return true }
        return self.files.contains { path, content in
            guard content.range(of: Data(name.utf8)) != nil else { return false }
            if suite.hasSuffix(".py") { return path.hasSuffix("/\(suite)") }
            return ["struct", "class", "extension"].contains { content.range(of: Data("\($0) \(suite) ".utf8)) != nil }
        }
    }

    @Test("what stands behind a suite's name is a test of that suite", arguments: pages.map(\.0))
    func namesBelong(_ page: String) throws {
        var rows: [Claim: Int] = [:]
        for row in try self.rows(page) { for claim in row.claims where rows[claim] == nil { rows[claim] = row.number } }
        for (claim, row) in rows where !Self.holds(claim.suite, claim.name) {
            // Words of the code stand in backticks, too: only what is a test somewhere has to be one of this suite.
            let isTest =
                claim.isTitle
                || ["func", "def"].contains { Self.tests.range(of: Data("\($0) \(claim.name)(".utf8)) != nil }
            #expect(!isTest, "row \(row) names \(claim.suite) \"\(claim.name)\", which is no test of it")
        }
    }
}

import ArgumentParser
import Foundation
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("The pages on the command line")
struct PageTests {
    private static func page(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/\(name)"), encoding: .utf8)
    }

    /// The names of a command and of all below it, such as `tulle ca rotation begin`.
    private static func names(_ command: any ParsableCommand.Type, _ above: String) -> [String] {
        let configuration = command.configuration
        let own = configuration.commandName ?? "\(command)".lowercased()
        let name = above.isEmpty ? own : "\(above) \(own)"
        let below = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return below.isEmpty ? [name] : below.flatMap { Self.names($0, name) }
    }

    @Test("docs/cli.md has an example of every command")
    func commands() throws {
        let page = try Self.page("cli.md")
        let names = Self.names(TulleCommand.self, "")
        #expect(names.count >= 40)
        #expect(names.contains("tulle ca rotation begin"))
        for name in names {
            #expect(page.contains("\n\(name)") || page.contains("<(\(name)"), "docs/cli.md has no example of '\(name)'")
        }
    }

    @Test("docs/cli.md has every status, and every check of doctor")
    func statuses() throws {
        let page = try Self.page("cli.md")
        for status in ExitStatus.allCases { #expect(page.contains("\n| \(status.rawValue) |")) }
        for check in DoctorCheck.allCases { #expect(page.contains("\n| `\(check.rawValue)` |")) }
    }

    @Test("docs/analysis.md has a section for every code, with its severity", arguments: FindingCode.allCases)
    func analysis(_ code: FindingCode) throws {
        let page = try Self.page("analysis.md")
        let sections = page.components(separatedBy: "\n### \(code.rawValue)\n")
        #expect(sections.count == 2, "there are \(sections.count - 1) sections")
        let section = sections.last?.components(separatedBy: "\n### ").first ?? ""
        #expect(section.contains("(\(code.severity.rawValue))"))
        #expect(section.lowercased().contains(code.title.lowercased()))
        #expect(section.contains("Mend it: "))
    }
}

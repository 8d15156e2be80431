import Foundation

@testable import MeshConfig

/// The parts of `docs/configuration.md` that the code tells.
enum ConfigurationPage {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let page = Self.root.appendingPathComponent("docs/configuration.md")

    static func begin(_ part: String) -> String { "<!-- begin \(part): made by scripts/configuration-page.sh -->\n" }
    static func end(_ part: String) -> String { "<!-- end \(part) -->" }

    static func parts() throws -> [(name: String, text: String)] {
        [("kinds", self.kinds()), ("limits", try self.limits()), ("codes", self.codes()), ("fields", self.fields())]
    }

    /// The page with its made parts as the code has them now.
    static func renewed(_ text: String) throws -> String {
        var text = text
        for part in try self.parts() {
            guard let begin = text.range(of: self.begin(part.name)),
                let end = text.range(of: self.end(part.name), range: begin.upperBound..<text.endIndex)
            else { throw PartIsMissing(part: part.name) }
            text.replaceSubrange(begin.upperBound..<end.lowerBound, with: "\n\(part.text)\n")
        }
        return text
    }

    struct PartIsMissing: Error { var part: String }

    private static func kinds() -> String {
        let rows = ResourceKind.allCases.map { kind in
            let versions = kind.apiVersions.map { "`\($0)`" }.joined(separator: ", ")
            return "| \(kind.rawValue) | \(versions) | \(kind.isNamespaced ? "yes" : "no") |\n"
        }
        return "| Kind | `apiVersion`, newest first | in a namespace |\n|---|---|---|\n" + rows.joined()
    }

    private static func codes() -> String {
        let rows = ConfigurationCode.allCases.map { "| `\($0.rawValue)` | \($0.summary) |\n" }
        return "| Code | What it tells |\n|---|---|\n" + rows.joined()
    }

    /// From the source: each bound's comment is its line here.
    private static func limits() throws -> String {
        let source = self.root.appendingPathComponent("Sources/MeshConfig/Documents/ConfigurationLimits.swift")
        var comment: [String] = []
        var rows = ""
        for line in try String(contentsOf: source, encoding: .utf8).split(separator: "\n") {
            let words = line.trimmingCharacters(in: .whitespaces)
            if words.hasPrefix("/// ") {
                comment.append(String(words.dropFirst(4)))
            } else if words.hasPrefix("package var "), let equals = words.range(of: " = ") {
                let name = words[..<equals.lowerBound].dropFirst("package var ".count)
                rows += "| \(comment.joined(separator: " ")) | \(self.shown(String(words[equals.upperBound...]))) "
                rows += "| `\(name)` |\n"
                comment = []
            } else {
                comment = []
            }
        }
        return "| What | bound | name |\n|---|---|---|\n" + rows
    }

    private static func shown(_ value: String) -> String {
        let parts = value.components(separatedBy: " << ")
        switch (parts.first, parts.dropFirst().first) {
        case (let number?, "20"?): return "\(number) MiB"
        case (let number?, "10"?): return "\(number) KiB"
        default: return value.replacingOccurrences(of: "_", with: ",")
        }
    }

    private static func fields() -> String {
        ResourceKind.allCases.compactMap { kind in
            KindSchema.of(kind).spec.map { spec in
                var table = FieldTable()
                table.describe(spec, below: "")
                var text = "### \(kind.rawValue)\n\n| Field of `spec` | value | |\n|---|---|---|\n"
                text += table.rows.joined()
                if !table.unsupported.isEmpty {
                    let names = table.unsupported.map { "`\($0)`" }.joined(separator: ", ")
                    text += "\nNot supported by Tulle, and refused: \(names).\n"
                }
                return text
            }
        }.joined(separator: "\n")
    }
}

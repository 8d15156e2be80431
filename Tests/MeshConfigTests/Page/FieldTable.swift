import Foundation

@testable import MeshConfig

/// The table of a kind's fields. A shape that stands at several places is written out once.
struct FieldTable {
    private(set) var rows: [String] = []
    private(set) var unsupported: [String] = []
    private var shapes: [String: String] = [:]

    mutating func describe(_ object: ObjectSchema, below parent: String) {
        for field in object.fields {
            let path = parent + field.name
            var notes: [String] = field.isRequired ? ["required"] : []
            if let fallback = field.fallback { notes.append("default `\(JSONText.write(fallback))`") }
            let known = self.known(field.value, at: path)
            let value = Self.value(field.value) + (known.map { ", as `\($0)`" } ?? "")
            self.rows.append("| `\(path)` | \(value) | \(notes.joined(separator: ", ")) |\n")
            if known == nil { self.descend(field.value, path: path) }
        }
        for group in object.groups {
            let names = group.names.map { "`\($0)`" }.joined(separator: ", ")
            let rule =
                switch group {
                case .exactlyOne: "exactly one"
                case .atMostOne: "at most one"
                case .atLeastOne: "at least one"
                }
            self.rows.append("| `\(parent)…` | \(rule) of \(names) | |\n")
        }
        self.unsupported += object.unsupported.map { parent + $0 }
    }

    /// Where the same shape was written out, if it has more than two rows.
    private mutating func known(_ value: ValueSchema, at path: String) -> String? {
        var table = FieldTable()
        table.descend(value, path: "")
        guard table.rows.count > 2 else { return nil }
        let shape = (table.rows + table.unsupported).joined()
        if let first = self.shapes[shape] { return first }
        self.shapes[shape] = path
        return nil
    }

    private mutating func descend(_ value: ValueSchema, path: String) {
        switch value {
        case .object(let object): self.describe(object, below: path + ".")
        case .list(let element, _): self.descend(element, path: path + "[]")
        case .map(_, let inner, _): self.descend(inner, path: path + "[key]")
        default: break
        }
    }

    private static func value(_ schema: ValueSchema) -> String {
        switch schema {
        case .object: return "mapping"
        case .list(let element, let count):
            let least = count.lowerBound > 0 ? "\(count.lowerBound) to " : "up to "
            return "list of \(least)\(count.upperBound): \(self.value(element))"
        case .map(_, let inner, let count): return "mapping of up to \(count.upperBound): \(self.value(inner))"
        case .choice(let words, let refused):
            // Where a word may stand in either case, the upper one is shown.
            let shown = words.filter { $0.isEmpty || $0 == $0.uppercased() || !words.contains($0.uppercased()) }
            let not = refused.isEmpty ? "" : "; not supported: \(refused.map { "`\($0)`" }.joined(separator: ", "))"
            return shown.map { $0.isEmpty ? "`\"\"`" : "`\($0)`" }.joined(separator: ", ") + not
        case .string, .integer, .number, .boolean, .scalar:
            return schema.allowed.replacingOccurrences(of: "|", with: "\\|")
        }
    }
}

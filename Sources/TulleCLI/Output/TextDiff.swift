/// The difference of two texts, line by line, as `diff -u` writes it.
package enum TextDiff {
    private enum Line {
        case same(String)
        case removed(String)
        case added(String)

        var text: String {
            switch self {
            case .same(let text): " \(text)"
            case .removed(let text): "-\(text)"
            case .added(let text): "+\(text)"
            }
        }

        var isSame: Bool {
            if case .same = self { true } else { false }
        }
    }

    /// Lines of context around each change.
    private static let context = 3

    /// The unified difference with these names; empty when the texts are equal.
    package static func unified(_ old: String, _ new: String, oldName: String, newName: String) -> String {
        guard old != new else { return "" }
        let lines = self.lines(self.split(old), self.split(new))
        var output = ["--- \(oldName)", "+++ \(newName)"]
        var oldNumber = 1
        var newNumber = 1
        var position = 0
        while let change = lines[position...].firstIndex(where: { !$0.isSame }) {
            let start = max(position, change - self.context)
            // A hunk goes on while the next change is close enough for the contexts to touch.
            var end = change + 1
            while let next = lines[end...].firstIndex(where: { !$0.isSame }), next - end <= 2 * self.context {
                end = next + 1
            }
            let stop = min(lines.count, end + self.context)
            oldNumber += start - position
            newNumber += start - position
            let hunk = lines[start..<stop]
            let oldCount = hunk.count { if case .added = $0 { false } else { true } }
            let newCount = hunk.count { if case .removed = $0 { false } else { true } }
            // A side without lines is named by the line before it.
            let oldStart = oldCount == 0 ? oldNumber - 1 : oldNumber
            let newStart = newCount == 0 ? newNumber - 1 : newNumber
            output.append("@@ -\(oldStart),\(oldCount) +\(newStart),\(newCount) @@")
            output.append(contentsOf: hunk.map(\.text))
            oldNumber += oldCount
            newNumber += newCount
            position = stop
        }
        return output.joined(separator: "\n")
    }

    /// The lines of a text; none of one that is empty, as what is not there yet.
    private static func split(_ text: String) -> [String] {
        text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func lines(_ old: [String], _ new: [String]) -> [Line] {
        var removed: Set<Int> = []
        var added: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var position = 0
        for (offset, text) in old.enumerated() {
            if removed.contains(offset) {
                lines.append(.removed(text))
                continue
            }
            while added.contains(position) {
                lines.append(.added(new[position]))
                position += 1
            }
            lines.append(.same(text))
            position += 1
        }
        lines.append(contentsOf: new[min(position, new.count)...].map(Line.added))
        return lines
    }
}

/// A path of whole segments in which `{*}` stands for one segment that is not empty and `{**}` for any text.
///
/// At most one `{**}` is there, and only plain segments follow it, so that matching never has a choice.
struct SegmentTemplate: Hashable, Sendable {
    private enum Piece: Hashable, Sendable {
        case text(String)
        case segment
    }

    /// What stands before `{**}`, or everything.
    private let pieces: [Piece]
    /// What follows `{**}`; nil without one.
    private let end: String?

    /// Nil for braces or `*` that are not a whole `{*}` or `{**}` segment, operators after `{**}`, or a missing `/`.
    init?(parsing text: String) {
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var pieces: [Piece] = []
        var literal = ""
        var end: String?
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = String(decoding: part, as: UTF8.self)
            if let known = end {
                guard Self.isPlain(segment) else { return nil }
                end = known + "/" + segment
            } else if segment == "{*}" {
                pieces += [.text(literal + "/"), .segment]
                literal = ""
            } else if segment == "{**}" {
                pieces.append(.text(literal + "/"))
                literal = ""
                end = ""
            } else {
                guard Self.isPlain(segment) else { return nil }
                literal += "/" + segment
            }
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
        self.end = end
    }

    /// Whether the path, without query, fits.
    func matches(_ path: String) -> Bool {
        var rest = path.utf8[...]
        for piece in self.pieces {
            switch piece {
            case .text(let text):
                guard rest.starts(with: text.utf8) else { return false }
                rest = rest.dropFirst(text.utf8.count)
            case .segment:
                let next = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
                guard next != rest.startIndex else { return false }
                rest = rest[next...]
            }
        }
        guard let end = self.end else { return rest.isEmpty }
        return rest.count >= end.utf8.count && rest.suffix(end.utf8.count).elementsEqual(end.utf8)
    }

    private static func isPlain(_ segment: String) -> Bool {
        !segment.utf8.contains { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") || $0 == UInt8(ascii: "*") }
    }
}

import MeshModel

/// A path as policies write it: exact, prefix, suffix, `*`, or a template in which `{*}` is one segment and `{**}` anything.
enum PathPattern: Sendable {
    case text(StringMatch)
    case template(PathTemplate)

    /// Nil where `text` has braces and is no template.
    init?(parsing text: String) {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else {
            self = .text(StringMatch(pattern: text))
            return
        }
        guard let template = try? PathTemplate(text) else { return nil }
        self = .template(template)
    }

    func matches(_ path: String) -> Bool {
        switch self {
        case .text(let pattern): pattern.matches(path)
        case .template(let template): template.matches(path)
        }
    }
}

import MeshModel

/// A header that a condition looks at; pseudo headers are known by HTTP/2's names.
enum HeaderAttribute: Hashable, Sendable {
    case method, scheme, authority, path
    /// Crumbs of it are one value.
    case cookie
    case field(String)

    /// Nil where `name` cannot be a header's.
    init?(_ name: String) {
        let folded = name.foldedASCII
        switch folded {
        case ":method": self = .method
        case ":scheme": self = .scheme
        case ":authority", "host": self = .authority
        case ":path": self = .path
        case "cookie": self = .cookie
        default:
            guard HeaderRules.isName(folded) else { return nil }
            self = .field(folded)
        }
    }

    /// Whether the header fits.
    ///
    /// A field can be there several times, and what is behind the waypoint may take the first, the last or all. Where a
    /// match opens, every value has to fit; where it closes, one is enough, alone or as part of what they are joined to.
    func holds(_ patterns: [StringMatch], _ view: RequestView, isWide: Bool) -> Bool {
        switch self {
        case .method:
            patterns.fits(view.method) || (isWide && patterns.map(\.foldedASCII).fits(view.method.foldedASCII))
        case .scheme: patterns.fits(view.scheme)
        case .authority: patterns.fits(view.authority)
        case .path: patterns.fits(view.query.map { view.path + "?" + $0 } ?? view.path)
        case .cookie:
            Self.holds(patterns, view.fields, "cookie", separator: "; ", isWide: isWide, isOne: true)
        case .field(let name):
            Self.holds(patterns, view.fields, name, separator: ",", isWide: isWide, isOne: false)
        }
    }

    private static func holds(
        _ patterns: [StringMatch],
        _ fields: [HeaderField],
        _ name: String,
        separator: String,
        isWide: Bool,
        isOne: Bool
    ) -> Bool {
        var count = 0
        var fitting = 0
        var joined = ""
        for field in fields where field.name == name {
            joined = count == 0 ? field.value : joined + separator + field.value
            count += 1
            if patterns.fits(field.value) { fitting += 1 }
        }
        if count <= 1 { return fitting > 0 }
        if isWide { return fitting > 0 || patterns.fits(joined) }
        return isOne ? patterns.fits(joined) : fitting == count
    }
}

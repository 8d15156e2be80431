/// Which lines are written: a level for everything, and levels of their own for some scopes.
///
/// Written as `RUST_LOG` is: directives joined by commas, each a level or `scope=level`; the last one of a scope wins.
package struct LogFilter: Hashable, Sendable, CustomStringConvertible {
    /// A level, or nothing at all.
    private enum Bound: Hashable, Sendable {
        case off
        case upTo(LogLevel)

        var name: StaticString {
            switch self {
            case .off: "off"
            case .upTo(let level): level.name
            }
        }
    }

    private struct Rule: Hashable, Sendable {
        var scope: String
        var bound: Bound
    }

    /// What is asked for in `text` and can't be done; one line that says what is allowed.
    package struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        /// The directive.
        package var directive: String

        package var description: String {
            "log directive \"\(self.directive)\" is not \(LogFilter.allowed)"
        }
    }

    /// What a directive may be.
    package static let allowed = "a level (off, error, warn, info, debug, trace) or scope=level, joined by commas"

    /// The most directives of one filter.
    static let maximumRules = 64
    private static let maximumScopeBytes = 128

    private var general = Bound.upTo(.info)
    private var rules: [Rule] = []

    /// Everything up to `level`.
    package init(_ level: LogLevel = .info) {
        self.general = .upTo(level)
    }

    /// Reads directives; without one for everything that is `info`.
    package init(parsing text: some StringProtocol) throws(Malformed) {
        try self.add(text)
    }

    /// Adds directives; one for a scope that has one replaces it. Nothing changes when one is malformed.
    package mutating func add(_ text: some StringProtocol) throws(Malformed) {
        var next = self
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            try next.add(directive: Self.trimmed(part))
        }
        self = next
    }

    private mutating func add(directive text: Substring) throws(Malformed) {
        func malformed() -> Malformed { Malformed(directive: String(text.prefix(Self.maximumScopeBytes))) }
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard let last = parts.last, let bound = Self.bound(last), parts.count <= 2 else { throw malformed() }
        guard parts.count == 2, let first = parts.first else {
            self.general = bound
            return
        }
        let scope = Self.ownScope(first)
        guard Self.isScope(scope) else { throw malformed() }
        self.rules.removeAll { $0.scope == scope }
        guard self.rules.count < Self.maximumRules else { throw malformed() }
        self.rules.append(Rule(scope: scope, bound: bound))
    }

    /// The directives, scopes first, in the order in which they were given; as ztunnel shows them.
    package var description: String {
        let all = self.rules.map { "\($0.scope)=\($0.bound.name)" } + ["\(self.general.name)"]
        return all.joined(separator: ",")
    }

    /// The least important level that is written for a scope; nil when nothing is.
    ///
    /// A directive covers the scopes below it (`xds` covers `xds::client`); the longest that fits decides.
    func level(of scope: String) -> LogLevel? {
        var best: Rule?
        for rule in self.rules where scope == rule.scope || scope.hasPrefix(rule.scope + "::") || rule.scope.isEmpty {
            if let best, best.scope.utf8.count > rule.scope.utf8.count { continue }
            best = rule
        }
        switch best?.bound ?? self.general {
        case .off: return nil
        case .upTo(let level): return level
        }
    }

    /// ztunnel's own targets begin with the crate's name, which our scopes leave out.
    private static func ownScope(_ text: Substring) -> String {
        let text = self.trimmed(text)
        if text == "ztunnel" { return "" }
        return String(text.hasPrefix("ztunnel::") ? text.dropFirst("ztunnel::".count) : text)
    }

    private static func isScope(_ text: String) -> Bool {
        text.utf8.count <= self.maximumScopeBytes
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func bound(_ text: Substring) -> Bound? {
        switch self.trimmed(text).lowercased() {
        case "off", "0": .off
        // Levels by number, as the library behind RUST_LOG has them.
        case "1": .upTo(.error)
        case "2": .upTo(.warning)
        case "3": .upTo(.info)
        case "4", "5": .upTo(.debug)
        case let name: LogLevel(parsing: name).map { .upTo($0) }
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        var text = Substring(text).drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

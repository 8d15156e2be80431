package import MeshTelemetry

/// `RUST_LOG`: a level, and levels of single parts, such as `info,access=debug`.
package struct LogDirectives: Hashable, Sendable {
    /// The level of one part.
    package struct Target: Hashable, Sendable {
        /// The part, such as `access`.
        package var name: String
        /// Its level; nil for none at all.
        package var level: LogLevel?

        /// Joins the two.
        package init(name: String, level: LogLevel?) {
            self.name = name
            self.level = level
        }
    }

    /// The level of all other parts; nil for none at all. Default info.
    package var standard: LogLevel? = .info
    /// The levels of single parts; the last one that fits a part holds.
    package var targets: [Target] = []

    /// Info everywhere.
    package init() {}

    /// What ``init(parsing:)`` takes.
    package static let allowed = "a level (off, error, warn, info, debug, trace) or part=level, separated by commas"

    /// Reads directives; nil when one is malformed. Filters by span or field (`[…]`, `{…}`) are not known here.
    package init?(parsing text: String) {
        guard text.utf8.count <= 1_024 else { return nil }
        for directive in text.split(separator: ",") {
            let parts = directive.split(separator: "=", omittingEmptySubsequences: false).map { Self.trimmed($0) }
            guard let first = parts.first, parts.count <= 2 else { return nil }
            // Upstream takes a single word that is no level for a part at its most talkative; here a typing error shows.
            guard let level = Self.level(parts[parts.count - 1]) else { return nil }
            if parts.count == 1 {
                self.standard = level
            } else {
                guard Self.isTarget(first) else { return nil }
                self.targets.append(Target(name: first, level: level))
            }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }

    /// Reads a level by name or, as upstream, by number; the inner nil is "off", the outer one is no level.
    private static func level(_ text: String) -> LogLevel?? {
        switch text.lowercased() {
        case "off", "0": return .some(nil)
        case "1": return .error
        case "2": return .warning
        case "3": return .info
        case "4", "5": return .debug
        case let name:
            guard let level = LogLevel(parsing: name) else { return nil }
            return level
        }
    }

    private static func isTarget(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_:.".utf8.contains(byte)
                }
            }
    }
}

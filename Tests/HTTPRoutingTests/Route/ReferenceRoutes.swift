import MeshModel
import MeshProtos

@testable import HTTPRouting

/// Route matching as its definition has it, one entry after the other, to hold the table's index against.
enum ReferenceRoutes {
    /// The patterns that random routes use, each with what it means.
    static let patterns: [(text: String, matches: @Sendable (String) -> Bool)] = [
        ("/v[0-9]+/.*", { $0.hasPrefix("/v1/") || $0.hasPrefix("/v2/") }), (".*", { _ in true }),
        ("/a(/b)?", { $0 == "/a" || $0 == "/a/b" }), ("/a/b+", { $0 == "/a/b" || $0 == "/a/bb" }),
        ("one|two", { $0 == "one" || $0 == "two" }),
    ]

    static func first(of entries: [TulleL7.RouteEntry], for request: RequestView) -> Int? {
        entries.firstIndex { entry in entry.match.map { self.holds($0, request) } ?? true }
    }

    private static func holds(_ match: TulleL7.RouteMatch, _ request: RequestView) -> Bool {
        guard match.path.map({ self.holds($0, request.path) }) ?? true else { return false }
        if let method = match.method, !self.holds(method, request.method) { return false }
        if let authority = match.authority, !self.holds(authority, request.authority) { return false }
        let namespace = request.connection.peer?.namespace ?? ""
        if !match.sourceNamespaces.isEmpty, !match.sourceNamespaces.contains(namespace) { return false }
        let headersHold = match.headers.allSatisfy { header in
            let values = request.fields.filter { $0.name == header.name }.map(\.value)
            let value = values.isEmpty ? nil : values.joined(separator: ",")
            if header.invert {
                if header.value?.kind == .present { return value == nil }
                return !self.holds(header.value ?? TulleL7.StringMatch(), value ?? "")
            }
            return value.map { self.holds(header.value ?? TulleL7.StringMatch(), $0) } ?? false
        }
        let parameters = (request.query ?? "").split(separator: "&").map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        return headersHold
            && match.query.allSatisfy { parameter in
                guard let found = parameters.first(where: { $0[0] == parameter.name }) else { return false }
                return self.holds(parameter.value ?? TulleL7.StringMatch(), found.count > 1 ? found[1] : "")
            }
    }

    private static func holds(_ match: TulleL7.PathMatch, _ path: String) -> Bool {
        let path = match.ignoreCase ? path.lowercased() : path
        var value = match.ignoreCase ? match.value.lowercased() : match.value
        switch match.kind {
        case .exact: return path == value
        case .stringPrefix: return path.hasPrefix(value)
        case .segmentPrefix:
            if value.hasSuffix("/") { value.removeLast() }
            return value.isEmpty ? path.hasPrefix("/") : path == value || path.hasPrefix(value + "/")
        default: return self.patterns.first { $0.text == match.value }?.matches(path) ?? false
        }
    }

    private static func holds(_ match: TulleL7.StringMatch, _ text: String) -> Bool {
        switch match.kind {
        case .exact: text == match.value
        case .prefix: text.hasPrefix(match.value)
        case .suffix: text.hasSuffix(match.value)
        case .present: true
        default: self.patterns.first { $0.text == match.value }?.matches(text) ?? false
        }
    }
}

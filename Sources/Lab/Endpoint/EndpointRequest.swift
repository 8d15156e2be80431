import Foundation

/// What a client of one of the lab's small HTTP endpoints asks for.
package struct EndpointRequest: Sendable, Equatable {
    package var method: String
    /// The target without its query.
    package var path: String
    /// Query parameters with their escapes undone; of two with one name the last counts.
    package var query: [String: String]
    /// The client's address; empty on a unix socket.
    package var source: String
    /// The value of the `Authorization` header.
    package var authorization: String?

    /// A request for `target`, which may have a query.
    package init(method: String = "GET", target: String, source: String = "", authorization: String? = nil) {
        self.method = method
        self.source = source
        self.authorization = authorization
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.path = parts.first.map(String.init) ?? ""
        self.query = [:]
        for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.unescaped(sides.first ?? "")
            self.query[name] = Self.unescaped(sides.dropFirst().first ?? "")
        }
    }

    /// The path's parts between slashes, empty ones left out.
    package var parts: [String] { self.path.split(separator: "/").map(String.init) }

    private static func unescaped(_ text: Substring) -> String {
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
    }
}

/// One `name=value` of a query, not yet encoded.
package struct QueryItem: Sendable, Hashable {
    /// The name before encoding.
    package var name: String
    /// The value before encoding; empty when there is none.
    package var value: String

    /// Holds name and value as they are.
    package init(_ name: String, _ value: String = "") {
        self.name = name
        self.value = value
    }

    /// The items of the query part of a URL, after the `?`.
    package static func items(ofEncodedQuery query: some StringProtocol) -> [QueryItem] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return QueryItem(
                PercentEncoding.decode(parts.first ?? ""),
                PercentEncoding.decode(parts.dropFirst().first ?? "")
            )
        }
    }

    /// The query as it is both signed and sent: encoded, and sorted by name, then value.
    package static func canonicalQuery(_ items: [QueryItem]) -> String {
        items
            .map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }
}

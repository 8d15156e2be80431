import Foundation

/// A request to the admin port, read and bounded.
package struct AdminRequest: Sendable {
    /// The largest head, in bytes.
    static let headBytes = 16 << 10
    /// The largest body, in bytes.
    package static let bodyBytes = 4 << 20

    /// `GET`, `POST` and so on.
    package var method: String
    /// The parts of the path, without the slashes, decoded.
    package var path: [String]
    /// The parameters of the query, decoded; of several with one name the last.
    package var query: [String: String]
    /// The body's media type, in lower case and without parameters.
    package var contentType: String
    /// The body.
    package var body: [UInt8]
    /// Who asks.
    package var caller: AdminCaller

    /// Reads a target such as `/v1/resources?kind=Gateway`.
    ///
    /// - Throws: `AdminFault` with `bad_request`.
    package init(
        method: String,
        target: String,
        contentType: String = "",
        body: [UInt8] = [],
        caller: AdminCaller
    ) throws(AdminFault) {
        guard target.hasPrefix("/"), let components = URLComponents(string: target), components.host == nil else {
            throw AdminFault(.badRequest, "the target must be a path and a query")
        }
        let parts = components.percentEncodedPath.split(separator: "/", omittingEmptySubsequences: true)
        // Split before decoding: a slash in a name stays in the name.
        let decoded = parts.compactMap { String($0).removingPercentEncoding }
        guard decoded.count == parts.count else {
            throw AdminFault(.badRequest, "the path is not percent-encoded UTF-8")
        }
        self.method = method
        self.path = decoded
        self.query = [:]
        for item in components.queryItems ?? [] { self.query[item.name] = item.value ?? "" }
        self.contentType = contentType
        self.body = body
        self.caller = caller
    }

    /// The path as one text.
    var pathText: String { "/" + self.path.joined(separator: "/") }

    /// A parameter; nil when it is missing or empty.
    func parameter(_ name: String) -> String? { self.query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A parameter that is `true` or `false`; false when it is missing.
    func flag(_ name: String) throws(AdminFault) -> Bool {
        switch self.parameter(name) {
        case nil, "false": return false
        case "true": return true
        case .some(let other): throw AdminFault(.badRequest, "\(name) is '\(other.prefix(64))', allowed: true, false")
        }
    }

    /// A parameter that is a number in a range.
    func number(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(AdminFault) -> Int {
        guard let text = self.parameter(name) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw AdminFault(
                .badRequest,
                "\(name) is '\(text.prefix(64))', allowed: \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}

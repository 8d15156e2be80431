/// A value in an expression.
enum ExpressionValue: Hashable, Sendable {
    case truth(Bool)
    case number(Int64)
    case text(String)
    case duration(microseconds: Int64)
    case list([ExpressionValue])

    /// Whether two values are the same; nil for values of different types, which CEL calls an error.
    func equals(_ other: ExpressionValue) -> Bool? {
        switch (self, other) {
        case (.truth(let one), .truth(let two)): one == two
        case (.number(let one), .number(let two)): one == two
        case (.text(let one), .text(let two)): one.utf8.elementsEqual(two.utf8)
        case (.duration(let one), .duration(let two)): one == two
        case (.list(let one), .list(let two)):
            one.count == two.count && zip(one, two).allSatisfy { $0.equals($1) == true }
        default: nil
        }
    }

    /// Whether this value comes before another; nil for what has no order.
    func precedes(_ other: ExpressionValue) -> Bool? {
        switch (self, other) {
        case (.number(let one), .number(let two)): one < two
        case (.text(let one), .text(let two)): one.utf8.lexicographicallyPrecedes(two.utf8)
        case (.duration(let one), .duration(let two)): one < two
        default: nil
        }
    }
}

/// A parsed expression over a request: the part of CEL that Istio's Telemetry resources use.
///
/// Operators: `! && || == != < <= > >= in ?: +` (of strings), lists, parentheses. Functions: `has`, `size`, `string`,
/// `int`, `duration`, `startsWith`, `endsWith`, `contains`, `lowerAscii`. Attributes: those of ``RequestAttribute``,
/// `request.headers[…]`, `response.headers[…]`, `response.trailers[…]`, `request.referer`, `request.useragent`, and
/// the two workloads as `downstream_peer.…` and `upstream_peer.…`, also below `filter_state`. Regular expressions are
/// not supported.
///
/// What a request does not have, and types that don't fit, make a part fail; as in CEL `&&` and `||` still decide
/// where the other side is enough.
package struct Expression: Hashable, Sendable {
    indirect enum Node: Hashable, Sendable {
        case constant(ExpressionValue)
        case attribute(RequestAttribute)
        case peer(isUpstream: Bool, PeerAttribute)
        case header(HeaderList, Int)
        case not(Node)
        case and(Node, Node)
        case or(Node, Node)
        case compare(Comparison, Node, Node)
        case choose(Node, Node, Node)
        case isMember(Node, of: Node)
        case list([Node])
        case joined(Node, Node)
        case has(Node)
        case call(Function, Node, Node?)
    }

    enum Comparison: Hashable, Sendable {
        case equal
        case unequal
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual
    }

    enum Function: String, Hashable, Sendable {
        case startsWith
        case endsWith
        case contains
        case lowerAscii
        case size
        case string
        case int
    }

    /// The longest text that is read, in bytes.
    package static let maximumBytes = 4_096
    /// The most words of an expression.
    package static let maximumTokens = 512

    let root: Node

    /// Reads an expression.
    /// - Parameter headers: takes the headers that it asks for.
    package init(parsing text: String, headers: inout HeaderPlan) throws(ExpressionError) {
        self.root = try ExpressionParser.parse(text, headers: &headers)
    }

    /// Whether it is true of a request. What fails is not.
    package func isTrue(of record: RequestRecord) -> Bool { Self.evaluate(self.root, record) == .truth(true) }

    /// Its value as a label's; `unknown` when it fails.
    package func label(of record: RequestRecord) -> String { self.text(of: record) ?? "unknown" }

    /// Its value as text; nil when it fails.
    package func text(of record: RequestRecord) -> String? {
        switch Self.evaluate(self.root, record) {
        case .text(let text): text
        case .number(let number): "\(number)"
        case .truth(let truth): truth ? "true" : "false"
        case .duration(let microseconds): "\(Double(microseconds) / 1_000_000)s"
        case .list, nil: nil
        }
    }
}

/// Which of a request's headers the signature covers.
package enum HeaderSelection: Sendable, Hashable {
    /// All but those that proxies and clients may change on the way.
    case standard
    /// Only these lower-case names, and always `host`, `x-amz-date` and `x-amz-security-token`.
    case only(Set<String>)

    /// Names that `standard` leaves out: written anew by each hop or by the HTTP client.
    private static let volatile: Set<String> = [
        "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
    ]

    private static let required: Set<String> = ["host", "x-amz-date", "x-amz-security-token"]

    /// Whether the header with this lower-case name is signed.
    func includes(_ name: String) -> Bool {
        switch self {
        case .standard: !Self.volatile.contains(name)
        case .only(let names): names.contains(name) || Self.required.contains(name)
        }
    }
}

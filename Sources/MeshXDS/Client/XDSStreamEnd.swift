/// How a stream to the control plane ended.
package enum XDSStreamEnd: String, Hashable, Sendable, CaseIterable {
    /// No connection was made.
    case notConnected = "connection_error"
    /// The server closed the stream in order.
    case completed = "complete"
    /// The connection's age, a restart or a proxy ended it: nothing is wrong.
    case routine = "reconnect"
    /// The server refused or failed.
    case failed = "error"

    /// Reads a gRPC status, as Istio's ztunnel does.
    package init(grpcStatus: Int, message: String) {
        let unknown = 2
        let cancelled = 1
        let deadlineExceeded = 4
        let unavailable = 14
        switch grpcStatus {
        case 0:
            self = .completed
        case unknown, cancelled, deadlineExceeded:
            self = .routine
        case unavailable
        where Self.text(message, has: "transport is closing") || Self.text(message, has: "received prior goaway"):
            self = .routine
        default:
            self = .failed
        }
    }

    /// Searched by bytes: the library's search would bring the regex engine into the static binary.
    private static func text(_ text: String, has part: String) -> Bool {
        let part = Array(part.utf8)
        var rest = Array(text.utf8)[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

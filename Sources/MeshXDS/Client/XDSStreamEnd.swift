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
        where message.contains("transport is closing") || message.contains("received prior goaway"):
            self = .routine
        default:
            self = .failed
        }
    }
}

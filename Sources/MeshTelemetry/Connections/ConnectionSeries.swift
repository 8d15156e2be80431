/// The counters of all connections that share labels.
///
/// Looked up once a connection and then counted without a lock.
package final class ConnectionSeries: Sendable {
    /// Connections whose routing was decided.
    let opened = Counter()
    /// Bytes from client to server.
    package let received = Counter()
    /// Bytes from server to client.
    package let sent = Counter()

    /// Makes counters at zero.
    init() {}
}

/// Bounds and deadlines of a connection to the explicit proxy port.
package struct CaptureLimits: Sendable, Hashable {
    /// How long the client may take from connect to a complete request.
    package var negotiationMilliseconds: UInt64 = 10_000
    /// How long the client may take to read a refusal before the connection is cut.
    package var refusalMilliseconds: UInt64 = 2_000
    /// Bytes of an HTTP request's head.
    package var headBytes = 16 * 1024
    /// Bytes the client may send behind its request before the answer; the shell reads no more than this at once.
    package var earlyBytes = 64 * 1024

    /// The default bounds.
    package init() {}
}

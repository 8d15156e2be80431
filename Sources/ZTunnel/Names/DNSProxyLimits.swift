/// Bounds of a ``DNSProxy``.
struct DNSProxyLimits: Hashable, Sendable {
    /// TCP clients at once; more are closed at once.
    var connections = 256
    /// Questions of one TCP client that may wait for answers; the next waits until one is answered.
    var pipelined = 32
    /// Bytes of a TCP client that may wait to be read; with more it is closed.
    var waitingBytes = 256 * 1_024
    /// Bytes of answers that a TCP client may leave unread; with more it is closed.
    var unreadBytes = 1_024 * 1_024
    /// How long a TCP client may be silent, in milliseconds, while nothing of it waits for an answer.
    var idleMilliseconds: UInt64 = 10_000
}

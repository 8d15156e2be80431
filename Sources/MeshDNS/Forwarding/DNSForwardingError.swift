/// Why no server's response can be given to a client.
package enum DNSForwardingError: String, Error, Hashable, Sendable, CaseIterable {
    /// No server is known.
    case noServer = "dns_no_server"
    /// No server answered in time.
    case timedOut = "dns_timed_out"
    /// No server can be reached.
    case unreachable = "dns_unreachable"
    /// Too many questions are under way.
    case overloaded = "dns_overloaded"
}

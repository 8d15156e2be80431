/// Where a connection of a local application goes.
package enum OutboundDecision: Hashable, Sendable {
    /// To the original destination, untouched: the mesh does not know it.
    case passthrough(SocketAddress)
    /// By the first of these routes that works, in this order; there are one to ``OutboundRoute/maximumCandidates``.
    case forward([OutboundRoute])
    /// The name is not the mesh's: resolve it by DNS and pass the connection through.
    case unknownHost
    /// Nowhere; the text says what to check.
    case refuse(RefusalCode, detail: String)
}

package import DataPlane

/// What the explicit proxy port does after it took bytes of a client.
package struct CaptureStep: Hashable, Sendable {
    /// What follows once ``output`` is sent.
    package enum Next: Hashable, Sendable {
        /// Read on.
        case more
        /// Stop reading, dial this, then report the outcome.
        case connect(DialTarget)
        /// Close.
        case refuse(CaptureRefusal)
    }

    /// Bytes for the client, before anything else.
    package var output: [UInt8] = []
    /// What follows.
    package var next: Next
}

/// What one client's identity has of a loop, so that none takes it all. Held by each of its connections; confined to the
/// loop.
final class IdentityShare {
    /// The identity's URI.
    let identity: String
    /// Connections inside of tunnels.
    var sessions = 0
    /// Requests under way.
    var requests = 0

    init(_ identity: String) {
        self.identity = identity
    }
}

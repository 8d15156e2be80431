package import MeshModel
package import TunnelEngine

/// A port that could not be bound.
package struct ListenFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address asked for.
    package var address: SocketAddress
    /// What the system said.
    package var error: SocketError

    /// Joins the two.
    package init(address: SocketAddress, error: SocketError) {
        self.address = address
        self.error = error
    }

    /// One line that says what to check.
    package var description: String {
        "can't listen on \(self.address): \(self.error); does another process listen there?"
    }
}

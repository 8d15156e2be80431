/// What a client knows of an endpoint from its own connections.
package struct EndpointStanding: Sendable, Hashable {
    /// How many connections it has from here now.
    package var connections: Int
    /// Whether it could not be reached a moment ago: it is drawn when nothing else is left.
    package var failedLately: Bool

    /// An endpoint with `connections` from here.
    package init(connections: Int = 0, failedLately: Bool = false) {
        self.connections = connections
        self.failedLately = failedLately
    }
}

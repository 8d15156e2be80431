/// Who sends requests over a connection.
package protocol HTTPClientConnectionOwner: AnyObject {
    /// A stream ended, the peer changed its limits, or it takes no more: ``HTTPClientConnection/canOpenStream``,
    /// ``HTTPClientConnection/activeStreams`` and ``HTTPClientConnection/isReusable`` may have changed.
    func connectionCapacityChanged(_ connection: HTTPClientConnection)
    /// The connection is gone; called once, after the last event of its streams.
    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome)
}

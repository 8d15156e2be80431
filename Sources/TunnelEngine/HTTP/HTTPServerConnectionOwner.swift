package import MeshModel

/// Who serves the requests of a connection.
package protocol HTTPServerConnectionOwner: AnyObject {
    /// A request came. Set ``HTTPStream/owner`` before returning; a stream without one is reset.
    func connection(
        _ connection: HTTPServerConnection,
        opened stream: HTTPStream,
        request: HTTPRequestHead,
        endStream: Bool
    )
    /// A request was not accepted; the connection has answered it.
    func connection(_ connection: HTTPServerConnection, refused refusal: HTTPRefusal)
    /// The connection is gone; called once, after the last event of its streams.
    func connectionEnded(_ connection: HTTPServerConnection, _ outcome: RelayOutcome)
}

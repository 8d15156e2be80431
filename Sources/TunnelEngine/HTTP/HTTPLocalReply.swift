import MeshModel

/// What a connection itself answers.
enum HTTPLocalReply {
    /// The head of the answer to a request that is refused; its body is the refusal's.
    static func head(of refusal: HTTPRefusal) -> HTTPResponseHead {
        HTTPResponseHead(
            status: refusal.status,
            fields: [
                HeaderField("content-length", String(refusal.body.utf8.count)),
                HeaderField("content-type", "text/plain"),
                HeaderField("server", "istio-envoy"),
            ]
        )
    }
}

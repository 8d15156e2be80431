/// What a check by gRPC tells beside the request itself.
package struct CheckFacts: Sendable, Hashable {
    /// The request's `x-request-id`.
    package var requestID: String
    /// `HTTP/1.1` or `HTTP/2`.
    package var httpVersion: String
    /// When the request came, in milliseconds since 1970.
    package var time: Int64
    /// Bytes of the body; nil where it is not known.
    package var bodyBytes: Int64?

    /// Joins the facts.
    package init(requestID: String, httpVersion: String, time: Int64, bodyBytes: Int64? = nil) {
        self.requestID = requestID
        self.httpVersion = httpVersion
        self.time = time
        self.bodyBytes = bodyBytes
    }
}

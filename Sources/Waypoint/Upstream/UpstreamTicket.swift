import DataPlane
import HTTPRouting
import MeshModel
import TunnelEngine

/// One request that wants a stream to an endpoint.
final class UpstreamTicket {
    /// The request as it is sent.
    let request: HTTPRequestHead
    /// Whether the request has no body.
    let endStream: Bool
    /// Gives `traceparent` for a tunnel that is opened for it; nil for none.
    let trace: (() -> String?)?
    /// Whom a PROXY header is to name; nil for nobody.
    let proxied: ProxyHeader?
    /// Who hears of the stream.
    private(set) var owner: (any HTTPStreamOwner)?
    private var completion: ((Result<HTTPStream, EndpointDial.Failure>) -> Void)?
    /// The place among those that wait; given back when the wait ends.
    var place: Admission?
    /// Whom the endpoint that serves it proved to be.
    var identity: String?
    /// Our own address towards that endpoint, as logs show it.
    var localText: String?

    init(
        request: HTTPRequestHead,
        endStream: Bool,
        owner: any HTTPStreamOwner,
        trace: (() -> String?)? = nil,
        proxied: ProxyHeader? = nil,
        completion: @escaping (Result<HTTPStream, EndpointDial.Failure>) -> Void
    ) {
        self.request = request
        self.endStream = endStream
        self.trace = trace
        self.proxied = proxied
        self.owner = owner
        self.completion = completion
    }

    /// Whether somebody still waits.
    var isWanted: Bool { self.completion != nil }

    /// Gives up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.owner = nil
        self.place = nil
    }

    /// Ends the wait.
    func finish(_ result: Result<HTTPStream, EndpointDial.Failure>) {
        let completion = self.completion
        self.cancel()
        completion?(result)
    }
}

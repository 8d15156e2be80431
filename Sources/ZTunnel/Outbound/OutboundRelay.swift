import DataPlane
import MeshModel
import TunnelEngine

/// One connection of the local application whose upstream stands: relay, count, report its end.
///
/// It is most of what an idle connection holds, so what led to it is no part of it. Confined to its proxy's loop.
final class OutboundRelay: RelayObserver, ActiveConnection {
    private let proxy: WorkloadProxy
    private let report: ConnectionReport
    private var load: EndpointLoad.Share?
    private var relay: Relay?
    /// Why it was ended from here.
    private var ending: Shared<ConnectionFailure>?
    private let target: DialTarget

    /// The client's connection.
    enum Client {
        case descriptor(Int32)
        /// One that is watched: the watch goes on for the relay.
        case watched(DepartureWatch)

        /// The descriptor, now the caller's.
        var taken: Int32 {
            switch self {
            case .descriptor(let descriptor): descriptor
            case .watched(let watch): watch.releaseDescriptor()
            }
        }
    }

    /// Takes over a report that is open, and what the connection counts as a load of.
    init(proxy: WorkloadProxy, target: DialTarget, report: ConnectionReport, load: EndpointLoad.Share?) {
        self.proxy = proxy
        self.target = target
        self.report = report
        self.load = load
    }

    /// Begins to relay between the client's socket and the upstream; takes both over, also when it throws.
    ///
    /// `early` and `sieve` are those of ``Relay``.
    func join(
        _ client: Client,
        early: [UInt8],
        sieve: ((UnsafeRawBufferPointer) -> Int)?,
        _ upstream: RouteDial.Upstream
    ) throws(SocketError) {
        switch (upstream, client) {
        case (.stream(let stream), .watched(let watch)):
            self.relay = Relay.join(
                loop: self.proxy.loop,
                watchedBy: watch,
                early: early,
                sieve: sieve,
                stream: stream,
                socketIsDownstream: true,
                observer: self
            )
        case (.socket(let descriptor), _):
            self.relay = try Relay.join(
                loop: self.proxy.loop,
                downstream: client.taken,
                early: early,
                sieve: sieve,
                upstream: descriptor,
                observer: self
            )
        case (.stream(let stream), .descriptor(let client)):
            self.relay = try Relay.join(
                loop: self.proxy.loop,
                socket: client,
                early: early,
                sieve: sieve,
                stream: stream,
                socketIsDownstream: true,
                observer: self
            )
        }
    }

    func relayEnded(_ relay: Relay, outcome: RelayOutcome) {
        self.relay = nil
        if let load = self.load { self.proxy.endpointLoad.end(load) }
        self.load = nil
        self.proxy.remove(self)
        self.report.finish(self.ending?.value ?? ConnectionFailure(outcome), relay: relay)
    }

    // MARK: ActiveConnection

    var entry: ConnectionEntry { self.report.entry(asked: "\(self.target)", isEstablished: self.relay != nil) }

    func sample() { if let relay = self.relay { self.report.sample(relay) } }

    /// Outbound connections are judged where they arrive.
    func recheck(_ snapshot: MeshSnapshot) {}

    func terminate(_ failure: ConnectionFailure) {
        self.ending = Shared(failure)
        self.relay?.close(failure.message)
    }
}

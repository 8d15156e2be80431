package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// Counts one connection and writes its access-log line when it ends.
///
/// Confined to the connection's loop.
package final class ConnectionReport {
    private let context: MeshContext
    private let loop: EventLoop
    private let started: UInt64
    /// The labels of its metrics.
    package var labels: ConnectionLabels
    /// What the access log will say.
    package var record: AccessRecord
    private var series: ConnectionSeries?
    private var countedReceived: UInt64 = 0
    private var countedSent: UInt64 = 0
    private var isFinished = false

    /// Begins with the client's address; counts an open socket until ``finish(_:relay:)``.
    package init(_ context: MeshContext, _ loop: EventLoop, direction: AccessRecord.Direction, source: SocketAddress) {
        self.context = context
        self.loop = loop
        self.started = loop.now
        self.labels = ConnectionLabels(reporter: direction == .outbound ? .source : .destination)
        self.record = AccessRecord(direction: direction)
        self.record.source.address = "\(source)"
        context.connections.openSockets(self.labels.reporter).add(1)
    }

    deinit {
        if !self.isFinished { self.context.connections.openSockets(self.labels.reporter).add(-1) }
    }

    /// Fills in the client's end.
    /// - Parameter proven: the identity that mutual TLS proved; nil for plain connections.
    package func setSource(_ workload: Workload?, proven: String?) {
        self.labels.source = Self.labels(workload, principal: proven)
        Self.fill(&self.record.source, workload, proven: proven)
    }

    /// Fills in the server's end.
    package func setDestination(_ workload: Workload?, proven: String?) {
        self.labels.destination = Self.labels(workload, principal: workload.map { "\($0.identity)" } ?? proven)
        Self.fill(&self.record.destination, workload, proven: proven)
    }

    /// Takes back what an attempt that failed said of the server's end, before the next one.
    package func forgetDestination() {
        self.setDestination(nil, proven: nil)
        self.labels.isMutualTLS = false
        self.record.destination.address = nil
        self.record.hboneAddress = nil
    }

    /// Fills in the service that was asked for.
    package func setService(_ service: Service?) {
        guard let service else { return }
        self.labels.service = service.hostname
        self.labels.serviceNamespace = service.namespace
        self.labels.serviceName = service.name
        self.record.service = service.hostname
    }

    /// Routing is decided: counts the connection as opened.
    package func open() {
        guard self.series == nil else { return }
        self.series = self.context.connections.opened(self.labels)
    }

    /// Counts the bytes that were relayed since the last time.
    package func sample(_ relay: Relay) {
        guard let series = self.series else { return }
        series.received.add(relay.bytesFromDownstream &- self.countedReceived)
        series.sent.add(relay.bytesFromUpstream &- self.countedSent)
        self.countedReceived = relay.bytesFromDownstream
        self.countedSent = relay.bytesFromUpstream
    }

    /// The connection is over: counts it and writes its line, once.
    package func finish(_ failure: ConnectionFailure?, relay: Relay? = nil) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.context.connections.openSockets(self.labels.reporter).add(-1)
        if let relay { self.sample(relay) }
        if self.series != nil { self.context.connections.closed(self.labels, flag: failure?.flag ?? .none) }
        let isOutbound = self.record.direction == .outbound
        self.record.bytesSent = isOutbound ? self.countedReceived : self.countedSent
        self.record.bytesReceived = isOutbound ? self.countedSent : self.countedReceived
        self.record.durationMilliseconds = self.loop.now - min(self.loop.now, self.started)
        self.record.failure = failure.map { AccessRecord.Failure(code: $0.code, message: $0.message) }
        self.record.write(to: self.context.access)
    }

    static func labels(_ workload: Workload?, principal: String?) -> ConnectionLabels.Workload {
        var labels = ConnectionLabels.Workload()
        labels.principal = principal ?? ""
        guard let workload else { return labels }
        labels.name = workload.workloadName.isEmpty ? workload.name : workload.workloadName
        labels.canonicalService = workload.canonicalName
        labels.canonicalRevision = workload.canonicalRevision
        labels.namespace = workload.namespace
        labels.cluster = workload.clusterID
        labels.region = workload.locality.region
        labels.zone = workload.locality.zone
        return labels
    }

    private static func fill(_ end: inout AccessRecord.End, _ workload: Workload?, proven: String?) {
        end.identity = proven
        end.workload = nil
        end.namespace = nil
        end.cluster = nil
        guard let workload else { return }
        end.workload = workload.name.isEmpty ? workload.canonicalName : workload.name
        end.namespace = workload.namespace
        end.cluster = workload.clusterID
    }
}

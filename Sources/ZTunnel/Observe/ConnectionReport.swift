import DataPlane
import Glibc
package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// Counts one connection, and writes its access-log line and its span when it ends.
///
/// Confined to the connection's loop.
package final class ConnectionReport {
    private let context: MeshContext
    private let loop: EventLoop
    private let started: UInt64
    /// When it began on the wall clock, in nanoseconds since 1970; 0 while nobody records traces.
    private let startedOnWall: UInt64
    /// The labels of its metrics.
    package var labels: ConnectionLabels
    /// What the access log will say.
    package var record: AccessRecord
    /// The trace that it belongs to, with its own span as `parent`; nil until somebody begins or goes on with one.
    package private(set) var trace: TraceContext?
    private var caller: UInt64?
    private var series: ConnectionSeries?
    private var countedReceived: UInt64 = 0
    private var countedSent: UInt64 = 0
    private var isFinished = false

    /// Begins with the client's address; counts an open socket until ``finish(_:relay:)``.
    package init(_ context: MeshContext, _ loop: EventLoop, direction: AccessRecord.Direction, source: SocketAddress) {
        self.context = context
        self.loop = loop
        self.started = loop.now
        self.startedOnWall = context.tracer == nil ? 0 : Self.wallNanoseconds
        self.labels = ConnectionLabels(reporter: direction == .outbound ? .source : .destination)
        self.record = AccessRecord(direction: direction)
        self.record.source.address = "\(source)"
        context.connections.openSockets(self.labels.reporter).add(1)
    }

    deinit {
        if !self.isFinished { self.context.connections.openSockets(self.labels.reporter).add(-1) }
    }

    /// Where it wanted to go: the captured destination outbound, the service that the peer named inbound.
    package var originalDestination: String?
    /// Whether its tunnel lies within a gateway's.
    package var isNested = false

    /// What the admin endpoint shows of it.
    /// - Parameter isEstablished: whether bytes can flow.
    func entry(isEstablished: Bool) -> ConnectionEntry {
        let isOutbound = self.record.direction == .outbound
        return ConnectionEntry(
            isOutbound: isOutbound,
            source: self.record.source.address ?? "",
            originalDestination: self.originalDestination,
            destination: self.record.destination.address,
            transport: self.isNested ? .doubleHBONE : self.labels.isMutualTLS ? .hbone : .tcp,
            peer: isOutbound ? self.record.destination.identity : self.record.source.identity,
            service: self.record.service,
            authority: self.record.hboneAddress,
            isEstablished: isEstablished,
            ageMilliseconds: self.ageMilliseconds,
            bytesReceived: self.bytesReceived,
            bytesSent: self.bytesSent
        )
    }

    /// Milliseconds since it began.
    package var ageMilliseconds: UInt64 { self.loop.now - min(self.loop.now, self.started) }
    /// Bytes from client to server, as far as they were counted.
    package var bytesReceived: UInt64 { self.countedReceived }
    /// Bytes from server to client, as far as they were counted.
    package var bytesSent: UInt64 { self.countedSent }

    // MARK: Who talks to whom

    /// Fills in the client's end.
    /// - Parameters:
    ///   - workload: what the mesh knows; wins over the baggage.
    ///   - baggage: what the peer says of itself.
    ///   - proven: the identity that mutual TLS proved; nil for plain connections.
    package func setSource(_ workload: Workload?, baggage: WorkloadBaggage = WorkloadBaggage(), proven: String?) {
        self.labels.source = workload.map { Self.labels($0, principal: proven) } ?? baggage.labels(principal: proven)
        Self.fill(&self.record.source, workload, baggage, proven: proven)
    }

    /// Fills in the server's end.
    /// - Parameter proven: the identity that mutual TLS proved; nil for plain connections.
    package func setDestination(_ workload: Workload?, proven: String?) {
        self.labels.destination =
            workload.map { Self.labels($0, principal: "\($0.identity)") }
            ?? WorkloadBaggage().labels(principal: proven)
        Self.fill(&self.record.destination, workload, WorkloadBaggage(), proven: proven)
    }

    /// Takes back what an attempt that failed said of the server's end, before the next one.
    package func forgetDestination() {
        self.isNested = false
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

    // MARK: Trace

    /// Begins a trace; its header goes to the peer, so that both ends share the trace's id.
    package func beginTrace() -> TraceContext {
        var random = self.loop.random
        var trace = TraceContext(using: &random)
        trace.isSampled = self.context.tracer?.sampler.decide(trace) ?? false
        return self.keep(trace)
    }

    /// Goes on with the trace of the peer's `traceparent` header; does nothing without a readable one.
    package func continueTrace(_ header: String?) {
        guard let caller = header.flatMap({ TraceContext(parsing: $0) }) else { return }
        var random = self.loop.random
        var trace = caller.child(using: &random)
        trace.isSampled = self.context.tracer?.sampler.follow(caller) ?? false
        self.caller = caller.parent
        self.keep(trace)
    }

    @discardableResult
    private func keep(_ trace: TraceContext) -> TraceContext {
        self.trace = trace
        // A line names its trace where there is a span to find, or another line to look for.
        let isWanted = trace.isSampled || self.context.access.isWritten(.debug)
        self.record.traceID = isWanted ? trace.traceID : nil
        return trace
    }

    // MARK: Life

    /// Routing is decided: counts the connection as opened.
    package func open() {
        guard self.series == nil else { return }
        self.series = self.context.connections.opened(self.labels)
        self.record.writeOpened(to: self.context.access)
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
        if let failure { self.context.connections.failed(self.labels.reporter, code: failure.code) }
        let isOutbound = self.record.direction == .outbound
        self.record.bytesSent = isOutbound ? self.countedReceived : self.countedSent
        self.record.bytesReceived = isOutbound ? self.countedSent : self.countedReceived
        self.record.durationMilliseconds = self.ageMilliseconds
        self.record.failure = failure.map { AccessRecord.Failure(code: $0.code, message: $0.message) }
        if let series = self.series {
            series.closed(failure?.flag ?? .none)
            self.record.write(to: self.context.access)
        } else {
            self.record.writeRefused(to: self.context.access)
        }
        if let export = self.context.accessExport {
            let isRefused = self.series == nil
            export.add(self.record.exported(time: Self.wallNanoseconds, isRefused: isRefused, trace: self.trace))
        }
        self.addSpan(flag: failure?.flag ?? .none)
    }

    private func addSpan(flag: ConnectionLabels.Flag) {
        guard let tracer = self.context.tracer, let trace = self.trace, trace.isSampled else { return }
        var span = ConnectionSpan(
            context: trace,
            caller: self.caller,
            kind: self.record.direction == .outbound ? .client : .server,
            start: self.startedOnWall,
            end: max(self.startedOnWall, Self.wallNanoseconds)
        )
        span.describe(self.record, flag: flag)
        tracer.add(span)
    }

    private static var wallNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }

    /// The labels of a workload.
    static func labels(_ workload: Workload, principal: String?) -> ConnectionLabels.Workload {
        var labels = ConnectionLabels.Workload()
        labels.principal = principal ?? ""
        labels.name = workload.workloadName.isEmpty ? workload.name : workload.workloadName
        labels.canonicalService = workload.canonicalName
        labels.canonicalRevision = workload.canonicalRevision
        labels.app = workload.canonicalName
        labels.namespace = workload.namespace
        labels.cluster = workload.clusterID
        labels.region = workload.locality.region
        labels.zone = workload.locality.zone
        labels.isKnown = true
        return labels
    }

    private static func fill(
        _ end: inout AccessRecord.End,
        _ workload: Workload?,
        _ baggage: WorkloadBaggage,
        proven: String?
    ) {
        end.identity = proven
        guard let workload else {
            // Empty texts are left out.
            end.workload = baggage.workload.isEmpty ? baggage.service : baggage.workload
            end.namespace = baggage.namespace
            end.cluster = baggage.cluster
            return
        }
        end.workload = workload.name.isEmpty ? workload.canonicalName : workload.name
        end.namespace = workload.namespace
        end.cluster = workload.clusterID
    }
}

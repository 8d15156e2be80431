import DataPlane
import Glibc
package import MeshModel
package import MeshTelemetry
package import TunnelEngine

/// Counts one connection, and writes its access-log line and its span when it ends.
///
/// It is what an idle connection keeps for longest, so it holds what is known as it was found, and makes labels, text and
/// record of it only when they are needed. Confined to the connection's loop.
package final class ConnectionReport {
    /// One end of the connection.
    private struct End {
        /// What the mesh knows.
        var workload: Workload?
        /// The SPIFFE URI, if mutual TLS proved it.
        var identity: String?
    }

    /// The trace that a connection belongs to, where somebody will ask for it.
    private final class Trace {
        let context: TraceContext
        /// The span of whoever called us.
        let caller: UInt64?
        /// When the connection began on the wall clock, in nanoseconds since 1970.
        let started = ConnectionReport.wallNanoseconds

        init(_ context: TraceContext, caller: UInt64?) {
            self.context = context
            self.caller = caller
        }
    }

    private let context: MeshContext
    private let loop: EventLoop
    private let started: UInt64
    private var client = End()
    private var server = End()
    /// What a client said of itself that the mesh doesn't know.
    private var said: Shared<WorkloadBaggage>?
    private var service: Service?
    /// What is dialled, or was reached.
    package var destination: HopAddress?
    /// The authority of the CONNECT request, if the connection goes through HBONE.
    package var authority: String?
    private var trace: Trace?
    private var series: ConnectionSeries?
    private var countedReceived: UInt64 = 0
    private var countedSent: UInt64 = 0
    private let source: SocketAddress
    private let direction: AccessRecord.Direction
    private var isFinished = false
    /// Whether both ends prove an identity.
    package var isMutualTLS = false
    /// Whether its tunnel lies within a gateway's.
    package var isNested = false

    /// Begins with the client's address; counts an open socket until ``finish(_:relay:)``.
    package init(_ context: MeshContext, _ loop: EventLoop, direction: AccessRecord.Direction, source: SocketAddress) {
        self.context = context
        self.loop = loop
        self.started = loop.now
        self.source = source
        self.direction = direction
        context.connections.openSockets(self.reporter).add(1)
    }

    deinit {
        if !self.isFinished { self.context.connections.openSockets(self.reporter).add(-1) }
    }

    private var isOutbound: Bool { self.direction == .outbound }
    private var reporter: ConnectionLabels.Reporter { self.isOutbound ? .source : .destination }

    /// What the admin endpoint shows of it.
    /// - Parameters:
    ///   - asked: where it wanted to go: the captured destination outbound, the service that the peer named inbound.
    ///   - isEstablished: whether bytes can flow.
    func entry(asked: String?, isEstablished: Bool) -> ConnectionEntry {
        ConnectionEntry(
            isOutbound: self.isOutbound,
            source: "\(self.source)",
            originalDestination: asked,
            destination: self.destination.map { "\($0)" },
            transport: self.isNested ? .doubleHBONE : self.isMutualTLS ? .hbone : .tcp,
            peer: self.isOutbound ? self.server.identity : self.client.identity,
            service: self.service?.hostname,
            authority: self.authority,
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

    /// Notes the client's end.
    /// - Parameters:
    ///   - workload: what the mesh knows; wins over the baggage.
    ///   - baggage: what the peer says of itself.
    ///   - proven: the identity that mutual TLS proved; nil for plain connections.
    package func setSource(_ workload: Workload?, baggage: WorkloadBaggage? = nil, proven: String?) {
        self.client = End(workload: workload, identity: proven)
        self.said = workload == nil ? baggage.map { Shared($0) } : nil
    }

    /// Notes the server's end.
    /// - Parameter proven: the identity that mutual TLS proved; nil for plain connections.
    package func setDestination(_ workload: Workload?, proven: String?) {
        self.server = End(workload: workload, identity: proven)
    }

    /// Notes the identity that the server's end has proved.
    package func proveDestination(_ identity: String?) { self.server.identity = identity }

    /// Takes back what an attempt that failed said of the server's end, before the next one.
    package func forgetDestination() {
        self.isNested = false
        self.server = End()
        self.isMutualTLS = false
        self.destination = nil
        self.authority = nil
    }

    /// Notes the service that was asked for.
    package func setService(_ service: Service?) {
        if let service { self.service = service }
    }

    // MARK: Trace

    /// Begins a trace; its header goes to the peer, so that both ends share the trace's id.
    package func beginTrace() -> TraceContext {
        var random = self.loop.random
        var trace = TraceContext(using: &random)
        trace.isSampled = self.context.tracer?.sampler.decide(trace) ?? false
        self.keep(trace, caller: nil)
        return trace
    }

    /// Goes on with the trace of the peer's `traceparent` header; does nothing without a readable one.
    package func continueTrace(_ header: String?) {
        guard self.isTraceWanted, let caller = header.flatMap({ TraceContext(parsing: $0) }) else { return }
        var random = self.loop.random
        var trace = caller.child(using: &random)
        trace.isSampled = self.context.tracer?.sampler.follow(caller) ?? false
        self.keep(trace, caller: caller.parent)
    }

    /// Whether anything will tell which trace the connection belongs to.
    private var isTraceWanted: Bool {
        self.context.tracer != nil || self.context.accessExport != nil || self.context.access.isWritten(.debug)
    }

    private func keep(_ trace: TraceContext, caller: UInt64?) {
        if self.isTraceWanted { self.trace = Trace(trace, caller: caller) }
    }

    // MARK: Life

    /// Routing is decided: counts the connection as opened.
    package func open() {
        guard self.series == nil else { return }
        self.series = self.context.connections.opened(self.labels)
        if self.context.access.isWritten(.debug) { self.record.writeOpened(to: self.context.access) }
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
        self.context.connections.openSockets(self.reporter).add(-1)
        if let relay { self.sample(relay) }
        if let failure { self.context.connections.failed(self.reporter, code: failure.code) }
        self.series?.closed(failure?.flag ?? .none)
        self.tell(failure)
    }

    /// Writes the line, and sends line and span where somebody wants them.
    private func tell(_ failure: ConnectionFailure?) {
        let access = self.context.access
        let level: LogLevel = self.series == nil ? .warning : failure == nil ? .info : .error
        let export = self.context.accessExport
        let isTraced = self.context.tracer != nil && self.trace?.context.isSampled == true
        guard access.isWritten(level) || export != nil || isTraced else { return }
        var record = self.record
        record.bytesSent = self.isOutbound ? self.countedReceived : self.countedSent
        record.bytesReceived = self.isOutbound ? self.countedSent : self.countedReceived
        record.durationMilliseconds = self.ageMilliseconds
        record.failure = failure.map { AccessRecord.Failure(code: $0.code, message: $0.message) }
        if self.series == nil { record.writeRefused(to: access) } else { record.write(to: access) }
        let trace = self.trace?.context
        export?.add(record.exported(time: Self.wallNanoseconds, isRefused: self.series == nil, trace: trace))
        self.addSpan(record, flag: failure?.flag ?? .none)
    }

    private func addSpan(_ record: AccessRecord, flag: ConnectionLabels.Flag) {
        guard let tracer = self.context.tracer, let trace = self.trace, trace.context.isSampled else { return }
        var span = ConnectionSpan(
            context: trace.context,
            caller: trace.caller,
            kind: self.isOutbound ? .client : .server,
            start: trace.started,
            end: max(trace.started, Self.wallNanoseconds)
        )
        span.describe(record, flag: flag)
        tracer.add(span)
    }

    private static var wallNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec))
    }

    // MARK: What it says

    /// The labels of its metrics.
    private var labels: ConnectionLabels {
        var labels = ConnectionLabels(reporter: self.reporter)
        labels.source =
            self.client.workload.map { Self.labels($0, principal: self.client.identity) }
            ?? (self.said?.value ?? WorkloadBaggage()).labels(principal: self.client.identity)
        labels.destination =
            self.server.workload.map { Self.labels($0, principal: "\($0.identity)") }
            ?? WorkloadBaggage().labels(principal: self.server.identity)
        if let service = self.service {
            labels.service = service.hostname
            labels.serviceNamespace = service.namespace
            labels.serviceName = service.name
        }
        labels.isMutualTLS = self.isMutualTLS
        return labels
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

    /// What the access log says of its ends.
    private var record: AccessRecord {
        var record = AccessRecord(direction: self.direction)
        record.source = Self.end(self.client, self.said?.value)
        record.source.address = "\(self.source)"
        record.destination = Self.end(self.server, nil)
        record.destination.address = self.destination.map { "\($0)" }
        record.hboneAddress = self.authority
        record.service = self.service?.hostname
        // A line names its trace where there is a span to find, or another line to look for.
        if let trace = self.trace?.context, trace.isSampled || self.context.access.isWritten(.debug) {
            record.traceID = trace.traceID
        }
        return record
    }

    private static func end(_ end: End, _ baggage: WorkloadBaggage?) -> AccessRecord.End {
        var told = AccessRecord.End()
        told.identity = end.identity
        // Empty texts are left out.
        if let workload = end.workload {
            told.workload = workload.name.isEmpty ? workload.canonicalName : workload.name
            told.namespace = workload.namespace
            told.cluster = workload.clusterID
        } else if let baggage {
            told.workload = baggage.workload.isEmpty ? baggage.service : baggage.workload
            told.namespace = baggage.namespace
            told.cluster = baggage.cluster
        }
        return told
    }
}

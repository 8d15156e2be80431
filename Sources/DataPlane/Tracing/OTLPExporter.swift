package import BoringTLS
package import MeshTelemetry
package import TunnelEngine

/// Sends spans, log records or metrics to a collector, a batch at a time.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the control loop's own thread. A collector that is slow
/// or gone costs telemetry, which is counted, and never a connection: what is to be sent waits in its source's bounded
/// queue, and one batch here.
package final class OTLPExporter: @unchecked Sendable {
    /// Waits and bounds of sending.
    package struct Limits: Hashable, Sendable {
        /// How long elements may wait for others, where the settings don't say.
        package var intervalMilliseconds: UInt64?
        /// The wait before the second attempt; it doubles with each further one, and is moved by up to a half.
        package var firstRetryMilliseconds: UInt64 = 1_000
        /// The longest wait between attempts.
        package var longestRetryMilliseconds: UInt64 = 16_000
        /// Attempts for one batch.
        package var attempts = 5
        /// The least time between two lines about lost batches.
        package var logMilliseconds: UInt64 = 60_000

        /// The default limits.
        package init() {}
    }

    private let loop: EventLoop
    private let source: any OTLPSource
    private let settings: OTLPSettings
    private let resolver: NameResolver
    private let program: String
    private let tls: TLSContext?
    private let log: Log
    private let limits: Limits
    private let sender: OTLPSender
    private let sent: Counter
    private let dropped: Counter
    private let failed: MetricFamily<Counter>
    private lazy var alarm = LoopAlarm(loop: self.loop)
    private var export: OTLPExport?
    private var batch: (bytes: [UInt8], count: Int, attempts: Int)?
    private var lastLog: UInt64?
    /// What the source had lost when that was last counted.
    private var countedDropped: UInt64 = 0
    private var onFlushed: (() -> Void)?

    /// Makes an exporter that doesn't run yet.
    /// - Throws: when the file of roots can't be used.
    package init(
        loop: EventLoop,
        context: ControlContext,
        source: any OTLPSource,
        settings: OTLPSettings,
        resolver: NameResolver,
        limits: Limits = Limits()
    ) throws(TLSError) {
        self.loop = loop
        self.source = source
        self.settings = settings
        self.resolver = resolver
        self.program = context.program
        self.sender = OTLPSender(program: context.program, resource: settings.resource)
        self.log = context.log.scoped(source.signal.scope)
        self.limits = limits
        self.tls = try Self.tls(settings)
        let (registry, names) = (context.registry, source.signal.counters)
        self.sent = registry.counters(names.sent, help: "Elements that a collector took.").with()
        self.dropped =
            registry.counters(
                names.dropped,
                help: "Elements lost because they came faster than they could be sent, or no collector took them."
            ).with()
        self.failed = registry.counters(
            names.failed,
            help: "Attempts to send that failed; most are repeated.",
            labels: ["retry"]
        )
    }

    /// Makes an exporter of connections' spans.
    /// - Throws: when the file of roots can't be used.
    package convenience init(
        loop: EventLoop,
        context: ControlContext,
        tracer: ConnectionTracer,
        settings: OTLPSettings,
        resolver: NameResolver,
        limits: Limits = Limits()
    ) throws(TLSError) {
        try self.init(
            loop: loop,
            context: context,
            source: ConnectionSpanSource(tracer),
            settings: settings,
            resolver: resolver,
            limits: limits
        )
    }

    private static func tls(_ settings: OTLPSettings) throws(TLSError) -> TLSContext? {
        guard settings.usesTLS else { return nil }
        let path = settings.certificateFile ?? ""
        guard let pem = SmallFile.read(path, limit: 1 << 20) else {
            throw TLSError(.invalidConfiguration, "OTEL_EXPORTER_OTLP_CERTIFICATE: \(path) can't be read")
        }
        return try TLSContext(identity: nil, trust: try TrustAnchors(pem: pem))
    }

    /// Begins to send.
    package func start() {
        self.log.info(self.source.signal.startMessage, [LogField("endpoint", self.settings.endpoint)])
        let loop = self.loop
        // On the exporter's own loop, whichever thread ended the connection.
        self.source.onBatch { [weak self] in loop.submit { [weak self] in self?.advance() } }
        self.wait()
    }

    /// Sends what waits, one attempt for each batch, and calls back; for the end of the process.
    package func flush(completion: @escaping () -> Void) {
        self.onFlushed = completion
        self.source.prepareLast()
        if let batch = self.batch, self.export == nil { return self.attempt(batch.bytes, batch.count, batch.attempts) }
        self.advance()
    }

    /// Ends at once; what waits stays with its source.
    package func stop() {
        self.alarm.cancel()
        self.export?.cancel()
        self.export = nil
    }

    private func wait() {
        self.alarm.set(after: self.interval) { [weak self] in self?.advance() }
    }

    private var interval: UInt64 {
        self.limits.intervalMilliseconds ?? self.settings.intervalMilliseconds
            ?? self.source.signal.intervalMilliseconds
    }

    private func countDropped() {
        let now = self.source.dropped
        self.dropped.add(now &- self.countedDropped)
        self.countedDropped = now
    }

    /// Takes the next batch unless one is on its way.
    private func advance() {
        self.countDropped()
        guard self.batch == nil else { return }
        guard let (bytes, count) = self.source.take(as: self.sender) else {
            let flushed = self.onFlushed
            self.onFlushed = nil
            flushed?()
            return self.wait()
        }
        self.attempt(bytes, count, 0)
    }

    private func attempt(_ bytes: [UInt8], _ count: Int, _ attempts: Int) {
        self.alarm.cancel()
        self.batch = (bytes, count, attempts + 1)
        let export = OTLPExport(
            loop: self.loop,
            settings: self.settings,
            program: self.program,
            context: self.tls,
            body: bytes
        ) { [weak self] outcome in
            self?.ended(outcome)
        }
        self.export = export
        export.start(resolver: self.resolver)
    }

    private func ended(_ outcome: OTLPExport.Outcome) {
        self.export = nil
        guard let batch = self.batch else { return }
        switch outcome {
        case .taken(let rejected, let reason):
            let lost = min(Int(clamping: rejected), batch.count)
            self.sent.add(UInt64(batch.count - lost))
            if lost > 0 { self.lose(lost, "rejected: \(reason)") }
        case .retry(let reason, let wait):
            self.failed.with("true").add()
            if batch.attempts < self.limits.attempts, self.onFlushed == nil {
                return self.retry(batch, wait: wait, reason)
            }
            self.lose(batch.count, reason)
        case .failed(let reason):
            self.failed.with("false").add()
            self.lose(batch.count, reason)
        }
        self.batch = nil
        self.countDropped()
        // In the next turn: a collector that takes everything at once must not keep this one going for ever.
        let isIdle = self.onFlushed == nil && self.source.waiting == 0
        self.alarm.set(after: isIdle ? self.interval : 1) { [weak self] in self?.advance() }
    }

    private func retry(_ batch: (bytes: [UInt8], count: Int, attempts: Int), wait: UInt64?, _ reason: String) {
        let doubled = self.limits.firstRetryMilliseconds << UInt64(min(batch.attempts - 1, 16))
        let planned = min(doubled, self.limits.longestRetryMilliseconds)
        let moved = UInt64.random(in: planned / 2...max(planned / 2, planned + planned / 2))
        let chosen = max(wait ?? 0, moved)
        self.log.debug(
            "not sent, trying again",
            [LogField("error", reason), LogField("retry_in_milliseconds", chosen)]
        )
        self.alarm.set(after: chosen) { [weak self] in
            self?.attempt(batch.bytes, batch.count, batch.attempts)
        }
    }

    private func lose(_ count: Int, _ reason: String) {
        self.source.lost(count)
        if let last = self.lastLog, self.loop.now - min(last, self.loop.now) < self.limits.logMilliseconds { return }
        self.lastLog = self.loop.now
        self.log.warning(
            self.source.signal.lossMessage,
            [
                LogField("endpoint", self.settings.endpoint), LogField("count", count),
                LogField("all", self.source.dropped), LogField("error", reason),
            ]
        )
    }
}

/// What is told about the requests of a service: its metrics' labels, access logs and traces, compiled once and shared
/// by all its requests.
///
/// The life of a request: make a ``RequestRecord`` at the first byte; ``begin(_:incoming:wish:using:)`` gives it an id
/// and a place in a trace; keep headers by ``headers``; fill the record in; ``RequestMeter/tick(_:rules:)`` while a
/// stream goes on; ``finish(_:meter:)`` at the end.
package final class RequestTelemetry: Sendable {
    /// An access log.
    package struct Log: Sendable {
        /// How a request is shown.
        package enum Format: Sendable {
            /// A line of operators; nil for Istio's.
            case text(String?)
            /// An object; nil for Istio's members.
            case json([(key: String, format: String)]?)
            /// A line and named members beside it, for a collector; nil for Istio's line.
            case record(String?, members: [(key: String, format: String)])
        }

        /// How a request is shown.
        package var format: Format
        /// Which requests are logged; nil for all.
        package var filter: String?
        /// Whether members without a value are left out of objects.
        package var omitsMissing = false
        /// Where it goes.
        package var output: AccessLogOutput

        /// Joins the parts.
        package init(_ format: Format, filter: String? = nil, to output: AccessLogOutput) {
            self.format = format
            self.filter = filter
            self.output = output
        }
    }

    /// Traces and where their spans go.
    package struct Tracing: Sendable {
        /// How requests are traced.
        package var settings: TracingRules.Settings
        /// Who sends the spans; nil sends none and only goes on with traces.
        package var spans: ExportQueue<RequestSpan>?

        /// Joins the parts.
        package init(_ settings: TracingRules.Settings, spans: ExportQueue<RequestSpan>?) {
            self.settings = settings
            self.spans = spans
        }
    }

    /// Why settings can't be used.
    package enum Failure: Error, Hashable, Sendable {
        /// An override of metrics.
        case metrics(MetricRules.Failure)
        /// An access log's format; logs count from 0.
        case log(Int, AccessLogError)
        /// An access log's filter.
        case filter(Int, ExpressionError)
        /// A tag of spans.
        case tracing(AccessLogError)
    }

    private struct CompiledLog: Sendable {
        let format: AccessLogFormat
        /// The members beside the line.
        let members: AccessLogFormat?
        let filter: Expression?
        let output: AccessLogOutput
    }

    /// Which headers a record must keep.
    package let headers: HeaderPlan
    /// The metrics' labels, for ``RequestMeter``.
    package let metrics: MetricRules
    private let logs: [CompiledLog]
    private let tracing: TracingRules?
    private let spans: ExportQueue<RequestSpan>?
    private let proxy: ProxyFacts

    /// Istio's metrics, no logs, no traces.
    package static let standard = RequestTelemetry()

    private init() {
        self.headers = HeaderPlan()
        self.metrics = .standard
        self.logs = []
        self.tracing = nil
        self.spans = nil
        self.proxy = ProxyFacts()
    }

    /// Compiles settings.
    /// - Parameters:
    ///   - metrics: changes to the metrics, a later one wins.
    ///   - logs: the access logs.
    ///   - tracing: traces; nil leaves the headers of traces as they come.
    ///   - proxy: this waypoint, as spans name it.
    ///   - context: what formats and tags may ask of the process.
    package init(
        metrics: [MetricRules.Override] = [],
        logs: [Log] = [],
        tracing: Tracing? = nil,
        proxy: ProxyFacts = ProxyFacts(),
        context: AccessLogContext = AccessLogContext()
    ) throws(Failure) {
        var plan = HeaderPlan()
        do throws(MetricRules.Failure) {
            self.metrics = try MetricRules(metrics, headers: &plan)
        } catch {
            throw .metrics(error)
        }
        var compiled: [CompiledLog] = []
        for (index, log) in logs.enumerated() { compiled.append(try Self.compile(log, index, context, &plan)) }
        self.logs = compiled
        do throws(AccessLogError) {
            self.tracing = try tracing.map { tracing throws(AccessLogError) in
                try TracingRules(tracing.settings, context: context, headers: &plan)
            }
        } catch {
            throw .tracing(error)
        }
        self.spans = tracing?.spans
        self.proxy = proxy
        self.headers = plan
    }

    private static func compile(
        _ log: Log,
        _ index: Int,
        _ context: AccessLogContext,
        _ plan: inout HeaderPlan
    ) throws(Failure) -> CompiledLog {
        let format: AccessLogFormat
        var members: AccessLogFormat?
        do throws(AccessLogError) {
            switch log.format {
            case .text(nil): format = try .standardText(headers: &plan)
            case .text(let text?): format = try AccessLogFormat(text: text, context: context, headers: &plan)
            case .json(nil): format = try .standardJSON(omitsMissing: log.omitsMissing, headers: &plan)
            case .json(let list?):
                format = try AccessLogFormat(
                    json: list,
                    omitsMissing: log.omitsMissing,
                    context: context,
                    headers: &plan
                )
            case .record(let text, let list):
                if let text {
                    format = try AccessLogFormat(text: text, context: context, headers: &plan)
                } else {
                    format = try .standardText(headers: &plan)
                }
                members = try AccessLogFormat(json: list, context: context, headers: &plan)
            }
        } catch {
            throw .log(index, error)
        }
        do throws(ExpressionError) {
            let filter = try log.filter.map { text throws(ExpressionError) in
                try Expression(parsing: text, headers: &plan)
            }
            return CompiledLog(format: format, members: members, filter: filter, output: log.output)
        } catch {
            throw .filter(index, error)
        }
    }
}

extension RequestTelemetry {
    /// Gives a request its id and its place in a trace.
    /// - Parameters:
    ///   - find: gives the value of the request's first header of a lower-case name.
    ///   - tunnel: the trace of the tunnel that brought the request. A request without a trace of its own goes on with
    ///     it where somebody records it; otherwise nobody would find the spans above.
    ///   - wish: whether the request asks to be traced.
    /// - Returns: the headers to set before it is sent on; nil as a value removes one.
    package func begin(
        _ record: inout RequestRecord,
        find: (String) -> String?,
        tunnel: TraceContext? = nil,
        wish: RequestSampler.Wish = RequestSampler.Wish(),
        using generator: inout some RandomNumberGenerator
    ) -> [(name: String, value: String?)] {
        let known = find("x-request-id")
        var id = known ?? RequestID.make(using: &generator)
        defer { record.requestID = id }
        guard let tracing = self.tracing else { return known == nil ? [("x-request-id", id)] : [] }
        var incoming = IncomingTrace(find)
        let hasParent = incoming.form == .w3c
        if let tunnel, tunnel.isSampled { incoming.goOn(with: tunnel) }
        let sampler = tracing.settings.sampler
        let reason = sampler.decide(incoming, requestID: known, wish: wish, using: &generator)
        let trace = RequestTrace(incoming, isSampled: reason != .none, using: &generator)
        record.trace = trace.context
        record.callerSpan = trace.caller
        var headers: [(name: String, value: String?)] = []
        if sampler.usesRequestID { id = RequestID.setting(reason, in: id) }
        if id != known { headers.append(("x-request-id", id)) }
        if !tracing.settings.keepsContext {
            headers += trace.headers(tracing.settings.forms, hasParent: hasParent)
        }
        return headers
    }

    /// Counts the request, writes its lines and hands on its span. Nothing happens twice for one record.
    package func finish(_ record: inout RequestRecord, meter: RequestMeter, layer: RequestRecord.Layer = .inner) {
        guard !record.reported.isEnded else { return }
        if layer == .inner { meter.end(&record, rules: self.metrics) }
        record.reported.isEnded = true
        if record.isLogged(in: layer) {
            for log in self.logs where log.filter?.isTrue(of: record) ?? true { self.write(record, log) }
        }
        if layer == .inner, let spans = self.spans, let span = self.tracing?.span(record, proxy: self.proxy) {
            spans.add(span)
        }
    }

    private func write(_ record: RequestRecord, _ log: CompiledLog) {
        let line = log.format.line(record)
        switch log.output {
        case .lines(let write): write(line)
        case .records(let queue):
            let body = String(decoding: line.dropLast(), as: UTF8.self)
            let fields = (log.members ?? log.format).fields(record)
            queue.add(AccessLogRecord(time: record.start, body: body, fields: fields, trace: record.trace))
        }
    }
}

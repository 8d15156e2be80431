/// What a request's headers say about the trace that it belongs to.
package struct IncomingTrace: Hashable, Sendable {
    /// The forms in which traces travel.
    package struct Form: OptionSet, Hashable, Sendable {
        /// One bit a form.
        package let rawValue: UInt8

        /// A set of forms from its bits.
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// W3C Trace Context: `traceparent`, `tracestate`.
        package static let w3c = Form(rawValue: 1)
        /// Zipkin's headers: `x-b3-traceid` and its kin.
        package static let b3 = Form(rawValue: 2)
        /// Zipkin's single header: `b3`.
        package static let b3Single = Form(rawValue: 4)
    }

    /// The trace with the caller's span as its parent; nil when there is none, or a malformed one.
    package var context: TraceContext?
    /// The form in which it came; nil without a trace.
    package var form: Form?
    /// Whether the caller records it; nil when the caller leaves that to others.
    package var isSampled: Bool?
    /// Whether it must be recorded, whatever samplers say.
    package var isDebug = false

    /// No trace.
    package init() {}

    /// Reads the headers of the first form that has a trace: W3C, `b3`, `x-b3-…`.
    /// - Parameter find: gives the value of the first header of a lower-case name.
    package init(_ find: (String) -> String?) {
        if let text = find("traceparent"), let context = Self.w3c(text) {
            self.context = context
            self.form = .w3c
            self.isSampled = context.isSampled
            return
        }
        if let text = find("b3"), self.readSingle(text) { return }
        self.readB3(find)
    }

    /// Takes the trace of what brought the request, where the request says nothing of one.
    mutating func goOn(with carrier: TraceContext) {
        guard self.context == nil, self.isSampled == nil else { return }
        self.context = carrier
        self.isSampled = carrier.isSampled
    }

    /// `traceparent` of any version: as the standard rules it, higher ones are read as far as version 00 goes.
    private static func w3c(_ text: String) -> TraceContext? {
        let text = text.utf8.count <= 512 ? text : ""
        if text.hasPrefix("00") { return TraceContext(parsing: text) }
        guard text.utf8.count >= 55, !text.hasPrefix("ff"), TraceContext.hex(text.prefix(2)) != nil,
            text.utf8.count == 55 || text.utf8.dropFirst(55).first == UInt8(ascii: "-")
        else { return nil }
        return TraceContext(parsing: "00" + text.dropFirst(2).prefix(53))
    }

    /// `TRACE-SPAN[-STATE[-PARENT]]`, or the state alone.
    private mutating func readSingle(_ text: String) -> Bool {
        guard text.utf8.count <= 128 else { return false }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 1 { return self.readState(parts[0]) }
        guard (2...4).contains(parts.count), let context = Self.context(trace: parts[0], span: parts[1]) else {
            return false
        }
        if parts.count > 2, !self.readState(parts[2]) { return false }
        self.settle(context, .b3Single)
        return true
    }

    private mutating func readB3(_ find: (String) -> String?) {
        if find("x-b3-flags") == "1" {
            _ = self.readState("d")
        } else if let state = find("x-b3-sampled"), state.utf8.count <= 5 {
            switch state {
            case "true": self.isSampled = true
            case "false": self.isSampled = false
            default: _ = self.readState(state[...])
            }
        }
        guard let trace = find("x-b3-traceid"), let span = find("x-b3-spanid"),
            let context = Self.context(trace: trace[...], span: span[...])
        else { return }
        self.settle(context, .b3)
    }

    private mutating func readState(_ text: Substring) -> Bool {
        switch text {
        case "0": self.isSampled = false
        case "1": self.isSampled = true
        case "d":
            self.isSampled = true
            self.isDebug = true
        default: return false
        }
        return true
    }

    private mutating func settle(_ context: TraceContext, _ form: Form) {
        self.form = form
        self.context = context
        self.context?.isSampled = self.isSampled ?? false
    }

    /// Zipkin's ids: a trace of 64 or 128 bits, digits in either case.
    private static func context(trace: Substring, span: Substring) -> TraceContext? {
        guard trace.utf8.count == 16 || trace.utf8.count == 32, span.utf8.count == 16 else { return nil }
        let trace = trace.lowercased()
        guard let high = trace.utf8.count == 32 ? TraceContext.hex(trace.prefix(16)) : 0,
            let low = TraceContext.hex(trace.suffix(16)), let parent = TraceContext.hex(span.lowercased()),
            high | low != 0, parent != 0
        else { return nil }
        return TraceContext(traceHigh: high, traceLow: low, parent: parent, isSampled: false)
    }
}

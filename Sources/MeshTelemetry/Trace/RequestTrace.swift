/// One request's place in a trace: this proxy's own span and the caller's.
package struct RequestTrace: Hashable, Sendable {
    /// The trace with this proxy's span as the parent of what follows.
    package let context: TraceContext
    /// The caller's span; nil for a trace that begins here.
    package let caller: UInt64?
    /// Whether Zipkin's debug flag goes on.
    package let isDebug: Bool

    /// Goes on with the caller's trace, or begins one.
    package init(
        _ incoming: IncomingTrace,
        isSampled: Bool,
        using generator: inout some RandomNumberGenerator
    ) {
        var context = incoming.context?.child(using: &generator) ?? TraceContext(using: &generator)
        context.isSampled = isSampled
        self.context = context
        self.caller = incoming.context?.parent
        self.isDebug = incoming.isDebug
    }

    /// The headers that tell the backend; nil as a value removes one.
    ///
    /// `tracestate` belongs to a valid `traceparent` and is passed on untouched then, as nothing of it is ours.
    /// - Parameter hasParent: whether the request came with a trace in W3C's form.
    package func headers(_ forms: IncomingTrace.Form, hasParent: Bool) -> [(name: String, value: String?)] {
        let span = TraceContext.text(self.context.parent)
        let state = self.isDebug ? "d" : self.context.isSampled ? "1" : "0"
        var headers: [(name: String, value: String?)] = []
        if forms.contains(.w3c) {
            headers.append(("traceparent", self.context.header))
            if !hasParent { headers.append(("tracestate", nil)) }
        }
        if forms.contains(.b3) {
            headers.append(("x-b3-traceid", self.context.traceID))
            headers.append(("x-b3-spanid", span))
            headers.append(("x-b3-parentspanid", self.caller.map { TraceContext.text($0) }))
            // Debug implies sampled and is told by its own header.
            headers.append(("x-b3-sampled", self.isDebug ? nil : state))
            headers.append(("x-b3-flags", self.isDebug ? "1" : nil))
        }
        if forms.contains(.b3Single) {
            let parent = self.caller.map { "-" + TraceContext.text($0) } ?? ""
            headers.append(("b3", "\(self.context.traceID)-\(span)-\(state)\(parent)"))
        }
        return headers
    }
}

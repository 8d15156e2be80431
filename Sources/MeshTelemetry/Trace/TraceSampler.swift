/// Decides which traces are recorded, as OpenTelemetry's `OTEL_TRACES_SAMPLER` names it.
package struct TraceSampler: Hashable, Sendable {
    /// Decides on a trace that begins here.
    private enum Root: Hashable, Sendable {
        case always
        case never
        /// The share of traces, as a bound on the lower 63 bits of their ids.
        case ratio(below: UInt64)
    }

    private var root: Root
    private var followsParent: Bool

    /// The names that are read.
    package static let names = [
        "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off",
        "parentbased_traceidratio",
    ]

    /// Records whatever the caller records, and every trace that begins here; OpenTelemetry's default.
    package init() {
        self.root = .always
        self.followsParent = true
    }

    /// Reads a sampler's name and argument; nil for an unknown name or a ratio outside of 0 to 1.
    /// - Parameter argument: the share of traces for the ratio samplers, 1 without it; other samplers ignore it.
    package init?(name: String, argument: String?) {
        let mark = "parentbased_"
        self.followsParent = name.hasPrefix(mark)
        switch self.followsParent ? String(name.dropFirst(mark.count)) : name {
        case "always_on": self.root = .always
        case "always_off": self.root = .never
        case "traceidratio":
            guard let ratio = Double(argument ?? "1"), ratio >= 0, ratio <= 1 else { return nil }
            // 2^63 does not fit the bound's comparison, and means all of them anyway.
            self.root = ratio == 1 ? .always : .ratio(below: UInt64(ratio * 9_223_372_036_854_775_808))
        default: return nil
        }
    }

    /// The share of traces that begin here and are recorded, in parts per million.
    package var partsPerMillion: UInt32 {
        switch self.root {
        case .always: 1_000_000
        case .never: 0
        case .ratio(let bound): UInt32(Double(bound) / 9_223_372_036_854_775_808 * 1_000_000)
        }
    }

    /// Whether a trace that begins here is recorded.
    package func decide(_ trace: TraceContext) -> Bool {
        switch self.root {
        case .always: true
        case .never: false
        case .ratio(let bound): trace.traceLow >> 1 < bound
        }
    }

    /// Whether a trace that somebody else began is recorded here as well.
    package func follow(_ caller: TraceContext) -> Bool {
        self.followsParent ? caller.isSampled : self.decide(caller)
    }
}

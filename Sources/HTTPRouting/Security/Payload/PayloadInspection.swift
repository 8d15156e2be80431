import MeshModel
import MeshProtos

/// The inspection of one body: takes its bytes as they arrive and says when it is decided. The bytes themselves are kept
/// and sent on by the caller, unchanged.
package struct PayloadInspection: Sendable {
    /// By when the body must have arrived, in the caller's monotonic milliseconds.
    package let deadline: UInt64
    /// The most bytes that can be needed for a verdict.
    package let maximumBytes: Int
    private var readers: [PayloadReader]

    init(_ readers: [PayloadReader], now: UInt64) {
        self.readers = readers
        let timeout = readers.map(\.policy.timeout).min() ?? 0
        let (deadline, overflows) = now.addingReportingOverflow(timeout)
        self.deadline = overflows ? .max : deadline
        self.maximumBytes = readers.map(\.policy.maximumBytes).max() ?? 0
    }

    /// Takes more of the body; the verdict once more bytes change nothing.
    package mutating func take(_ bytes: some Collection<UInt8>) -> PayloadVerdict? {
        let bytes = Array(bytes)[...]
        var isDone = true
        for place in self.readers.indices {
            self.readers[place].take(bytes)
            guard let end = self.readers[place].end else {
                isDone = false
                continue
            }
            let policy = self.readers[place].policy
            if policy.isEnforced, let refusal = Self.refusal(policy, end) { return PayloadVerdict(denial: refusal) }
        }
        return isDone ? self.finish() : nil
    }

    /// The verdict at the body's end.
    package mutating func finish() -> PayloadVerdict {
        var verdict = PayloadVerdict()
        var denials: [PayloadDenial] = []
        var allowing: [(policy: CompiledPayloadPolicy, fits: Bool)] = []
        var shadowAllowing: [(policy: CompiledPayloadPolicy, fits: Bool)] = []
        for place in self.readers.indices {
            let policy = self.readers[place].policy
            let end = self.readers[place].finish()
            let refusal = policy.policy.action == .audit ? nil : Self.refusal(policy, end)
            if let refusal { policy.isEnforced ? denials.append(refusal) : verdict.shadows.append(refusal) }
            var rule: PolicyRule?
            var isPassed = false
            switch end {
            case .read(let content): rule = policy.rule(content)
            case .passed: isPassed = true
            case .oversize, .malformed, .compressed: break
            }
            switch policy.policy.action {
            case .audit:
                if let rule { verdict.audits.append(rule) }
            case .deny:
                guard let rule else { continue }
                let denial = Self.denial(policy, .matched(rule))
                policy.isEnforced ? denials.append(denial) : verdict.shadows.append(denial)
            default:
                let fits = rule != nil || isPassed
                policy.isEnforced ? allowing.append((policy, fits)) : shadowAllowing.append((policy, fits))
            }
        }
        if let denial = Self.notAllowed(allowing) { denials.append(denial) }
        if let shadow = Self.notAllowed(shadowAllowing) { verdict.shadows.append(shadow) }
        verdict.denial = denials.first
        return verdict
    }

    /// The verdict at ``deadline``.
    package func timedOut() -> PayloadVerdict {
        guard let slow = self.readers.first(where: \.policy.isEnforced)?.policy else { return PayloadVerdict() }
        let denial = Self.denial(slow, .late(policy: Self.name(slow)), status: 408, body: "request body timeout")
        return PayloadVerdict(denial: denial)
    }

    private static func notAllowed(_ allowing: [(policy: CompiledPayloadPolicy, fits: Bool)]) -> PayloadDenial? {
        guard let first = allowing.first?.policy, !allowing.contains(where: \.fits) else { return nil }
        return self.denial(first, .notAllowed(policy: self.name(first)))
    }

    private static func refusal(_ policy: CompiledPayloadPolicy, _ end: PayloadReader.End) -> PayloadDenial? {
        switch end {
        case .oversize:
            self.denial(policy, .oversize(policy: self.name(policy)), status: 413, body: "payload too large")
        case .malformed:
            self.denial(policy, .malformed(policy: self.name(policy)), status: 400, body: "payload not well formed")
        case .compressed:
            self.denial(policy, .compressed(policy: self.name(policy)), status: 415, body: "payload compressed")
        case .read, .passed: nil
        }
    }

    private static func denial(
        _ policy: CompiledPayloadPolicy,
        _ reason: PayloadDenial.Reason,
        status: Int? = nil,
        body: String = ""
    ) -> PayloadDenial {
        guard let status else {
            return PayloadDenial(
                reason: reason,
                status: policy.policy.status == 0 ? 403 : Int(policy.policy.status),
                body: policy.policy.body,
                fields: policy.policy.headers.map { HeaderField($0.name.foldedASCII, $0.value) }
            )
        }
        return PayloadDenial(reason: reason, status: status, body: body, fields: [])
    }

    private static func name(_ policy: CompiledPayloadPolicy) -> String {
        "\(policy.policy.namespace)/\(policy.policy.name)"
    }
}

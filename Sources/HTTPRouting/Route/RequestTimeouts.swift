import MeshModel

/// How long one request may take, in milliseconds; nil for without bound.
package struct RequestTimeouts: Sendable, Hashable {
    /// The whole exchange, with retries.
    package var request: UInt64?
    /// One attempt, which never takes longer than the whole.
    package var attempt: UInt64?

    package init(request: UInt64?, attempt: UInt64?) {
        self.request = request
        self.attempt = attempt.map { min($0, request ?? $0) }
    }

    /// A gRPC client's own deadline, where it is earlier.
    package func bounded(by deadline: UInt64?) -> RequestTimeouts {
        guard let deadline else { return self }
        return RequestTimeouts(request: min(deadline, self.request ?? deadline), attempt: self.attempt)
    }
}

/// The `grpc-timeout` header.
package enum GRPCTimeout {
    /// What it says in milliseconds, a part of one as a whole; nil where it is not well-formed, as gRPC has it: one to
    /// eight digits and a unit.
    package static func milliseconds(_ text: String) -> UInt64? {
        let bytes = text.utf8
        guard (2...9).contains(bytes.count), let unit = bytes.last else { return nil }
        var value: UInt64 = 0
        for byte in bytes.dropLast() {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + UInt64(byte - 0x30)
        }
        // At most 99,999,999 hours, which no multiplication here takes past the largest number.
        switch unit {
        case UInt8(ascii: "H"): return value * 3_600_000
        case UInt8(ascii: "M"): return value * 60_000
        case UInt8(ascii: "S"): return value * 1000
        case UInt8(ascii: "m"): return value
        case UInt8(ascii: "u"): return (value + 999) / 1000
        case UInt8(ascii: "n"): return (value + 999_999) / 1_000_000
        default: return nil
        }
    }
}

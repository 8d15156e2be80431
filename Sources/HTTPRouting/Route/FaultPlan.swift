package import MeshProtos
package import MeshTelemetry

/// Failures made on purpose: `TulleL7.Fault` read once. They are drawn once for a request, before any attempt.
package struct FaultPlan: Sendable, Hashable {
    private let delayFraction: UInt32
    private let delayMilliseconds: UInt64
    private let abortFraction: UInt32
    private let abort: LocalReply?

    package init(_ fault: TulleL7.Fault) throws(RouteFault) {
        self.delayFraction = fault.delayMilliseconds > 0 ? fault.delayFraction : 0
        self.delayMilliseconds = UInt64(fault.delayMilliseconds)
        if fault.grpcStatusPlusOne > 0 {
            guard fault.grpcStatusPlusOne <= 17 else { throw .status(fault.grpcStatusPlusOne - 1) }
            self.abort = .faultAborted(grpc: GRPCStatus(rawValue: fault.grpcStatusPlusOne - 1))
        } else if fault.httpStatus > 0 {
            guard (200...599).contains(fault.httpStatus) else { throw .status(fault.httpStatus) }
            self.abort = .faultAborted(status: Int(fault.httpStatus))
        } else {
            self.abort = nil
        }
        self.abortFraction = self.abort == nil ? 0 : fault.abortFraction
    }

    /// What happens to one request: first the delay, then the answer. The two are drawn apart from each other.
    package func draw(using generator: inout some RandomNumberGenerator) -> FaultDraw {
        let isDelayed = Fraction.draw(self.delayFraction, using: &generator)
        let isAborted = Fraction.draw(self.abortFraction, using: &generator)
        var abort = isAborted ? self.abort : nil
        if isDelayed { abort?.flags.insert(.delayInjected) }
        return FaultDraw(delayMilliseconds: isDelayed ? self.delayMilliseconds : nil, abort: abort)
    }
}

/// The failures that were drawn for one request.
package struct FaultDraw: Sendable, Hashable {
    /// How long it waits; nil for not at all.
    package let delayMilliseconds: UInt64?
    /// What it is answered after that; nil where it goes on.
    package let abort: LocalReply?

    /// What logs say of it.
    package var flags: OutcomeFlags {
        var flags = self.abort?.flags ?? []
        if self.delayMilliseconds != nil { flags.insert(.delayInjected) }
        return flags
    }

    package static let none = FaultDraw(delayMilliseconds: nil, abort: nil)
}

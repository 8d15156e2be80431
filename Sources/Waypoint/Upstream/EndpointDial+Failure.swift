import HTTPRouting
import MeshTelemetry

extension EndpointDial.Failure {
    /// What logs say of a connection that was not made.
    var flags: OutcomeFlags { self.kind == .unresolved ? .nameResolutionFailed : .upstreamConnectionFailure }

    /// What it says of the endpoint; nil where that was never asked.
    var outcome: EndpointOutcome? {
        switch self.kind {
        case .timedOut: .connectTimeout
        case .refused, .unresolved: .connectFailure
        case .overloaded, .noRoute, .unsendable: nil
        }
    }
}

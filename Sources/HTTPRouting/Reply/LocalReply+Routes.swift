package import MeshModel
import MeshTelemetry

/// What the choice of a route answers.
extension LocalReply {
    /// No route matches.
    package static let routeNotFound = LocalReply(404, details: "route_not_found", flags: .noRouteFound)

    /// A route names a cluster that is not there.
    ///
    /// - Parameter status: 503, or 500 for a route of the Gateway API.
    package static func clusterNotFound(status: Int = 503) -> LocalReply {
        LocalReply(status, details: "cluster_not_found", flags: .noClusterFound, grpcStatus: .unavailable)
    }

    /// A rule can't be carried out as it was written.
    package static func invalidRoute(status: Int = 500, reason: String) -> LocalReply {
        LocalReply(status, details: "invalid_route{\(self.word(reason))}", grpcStatus: .unavailable)
    }

    /// A rule answers itself.
    package static func direct(status: Int, body: [UInt8]) -> LocalReply {
        var reply = LocalReply(status, details: "direct_response")
        reply.body = body
        return reply
    }

    /// A rule sends the client elsewhere.
    package static func redirect(status: Int, location: String) -> LocalReply {
        LocalReply(status, details: "direct_response", fields: [HeaderField("location", location)])
    }

    /// A preflight request (Fetch §3.3.5) that a route's rules on origins answer.
    package static func preflight(fields: [HeaderField]) -> LocalReply {
        LocalReply(200, details: "cors_preflight", fields: fields)
    }

    /// A failure made on purpose.
    package static func faultAborted(status: Int) -> LocalReply {
        LocalReply(status, details: "fault_filter_abort", flags: .faultInjected, body: "fault filter abort")
    }

    /// A failure made on purpose, by gRPC's status.
    package static func faultAborted(grpc status: GRPCStatus) -> LocalReply {
        var reply = self.faultAborted(status: status.httpStatus)
        reply.grpcStatus = status
        return reply
    }
}

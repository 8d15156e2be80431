/// Rules on DestinationRules.
enum DestinationRules {
    /// TUL0304, TUL0305.
    static func all(_ context: AnalysisContext) -> [Finding] {
        context.resources.compactMap { resource in
            guard case .route(.destinationRule, let spec) = resource.spec, let host = spec.text("host") else {
                return nil
            }
            if host.hasPrefix("*") {
                let end = host.dropFirst()
                let covered = context.services.filter { $0.hostnames.contains { $0.hasSuffix(end) } }
                guard covered.isEmpty, context.knowsServices else { return nil }
                return Finding(.destinationHostUnknown, resource, "no service has a host that fits \(host)")
            }
            guard let service = context.service(host: host, from: resource.metadata.namespace) else {
                guard context.knowsServices else { return nil }
                return Finding(.destinationHostUnknown, resource, "there is no service with the host \(host)")
            }
            guard service.waypoint == nil else { return nil }
            let message =
                "\(service.key) has no waypoint, and only a waypoint carries out DestinationRules: it has no effect"
            return Finding(.destinationWithoutWaypoint, resource, message)
        }
    }
}

/// Finds what is valid one by one and wrong together. Pure: the same input gives the same findings in the same order.
package enum Analyzer {
    /// The findings, the gravest first, then by code and resource.
    ///
    /// - Parameters:
    ///   - resources: what is declared.
    ///   - facts: what a running mesh knows; nil without one. Rules that need it then find nothing.
    package static func findings(in resources: [DeclaredResource], facts: AnalysisFacts? = nil) -> [Finding] {
        let context = AnalysisContext(resources, facts: facts)
        let rules: [(AnalysisContext) -> [Finding]] = [
            WaypointRules.references, WaypointRules.gateways, PolicyRules.ztunnelPolicies, PolicyRules.selectors,
            PolicyRules.targets, PolicyRules.waypointAdmission, PeerRules.all, RouteRules.parents, RouteRules.backends,
            RouteRules.shadows, TrafficRules.parents, TrafficRules.subsets, TrafficRules.providers,
            DestinationRules.all, ServiceRules.hosts, ServiceRules.addresses, IdentityRules.all,
        ]
        return rules.flatMap { $0(context) }.sorted { left, right in
            if left.code.severity != right.code.severity { return left.code.severity > right.code.severity }
            if left.code != right.code { return left.code.rawValue < right.code.rawValue }
            return ("\(left.key?.description ?? "")", left.message) < ("\(right.key?.description ?? "")", right.message)
        }
    }
}

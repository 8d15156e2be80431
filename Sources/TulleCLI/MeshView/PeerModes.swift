/// Whether workloads take plain TCP, read off the policies that PeerAuthentications are sent to ztunnels as.
enum PeerModes {
    /// The policy of a workload that takes no plain TCP at all.
    private static let strict = "istio_converted_static_strict"
    /// What precedes the name of a PeerAuthentication with modes by port.
    private static let byPort = "converted_peer_authentication_"

    /// One line for a service's endpoints.
    static func text(_ endpoints: [MeshView.Workload]) -> String {
        guard !endpoints.isEmpty else { return "no endpoints" }
        let workloads = endpoints.filter(\.isEnrolled)
        let outside = endpoints.count - workloads.count
        guard !workloads.isEmpty else { return "taken by all endpoints: none has a ztunnel" }
        return Self.modes(workloads) + (outside == 0 ? "" : "; taken by \(outside) without a ztunnel")
    }

    private static func modes(_ workloads: [MeshView.Workload]) -> String {
        let names = workloads.map { $0.policies.map { MeshView.bare($0) } }
        let strict = names.count { $0.contains(self.strict) }
        let ports = Set(names.joined().filter { $0.hasPrefix(self.byPort) }.map { $0.dropFirst(self.byPort.count) })
        var text: String
        switch strict {
        case workloads.count: text = "refused by all endpoints (STRICT)"
        case 0: text = ports.isEmpty ? "taken by all endpoints (PERMISSIVE)" : "by port"
        default: text = "refused by \(strict) of \(workloads.count) endpoints (STRICT)"
        }
        if !ports.isEmpty { text += ", see PeerAuthentication \(ports.sorted().joined(separator: ", "))" }
        return text
    }
}

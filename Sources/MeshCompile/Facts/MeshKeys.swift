/// The labels and annotations of Istio and Kubernetes that mean something here.
package enum MeshKeys {
    static let useWaypoint = "istio.io/use-waypoint"
    static let useWaypointNamespace = "istio.io/use-waypoint-namespace"
    static let useWaypointCanary = "istio.io/use-waypoint-canary"
    static let useWaypointCanaryNamespace = "istio.io/use-waypoint-canary-namespace"
    static let canaryWeight = "istio.io/use-waypoint-canary-weight"
    static let ingressUseWaypoint = "istio.io/ingress-use-waypoint"
    static let waypointFor = "istio.io/waypoint-for"
    static let inboundBinding = "ambient.istio.io/waypoint-inbound-binding"
    static let trafficDistribution = "networking.istio.io/traffic-distribution"
    static let autoallocate = "networking.istio.io/enable-autoallocate-ip"
    static let tunnel = "networking.istio.io/tunnel"
    static let tellsIdentity = "ambient.istio.io/xfcc-include-client-identity"
    static let network = "topology.istio.io/network"
    static let managed = "gateway.istio.io/managed"
    static let gatewayServiceAccount = "gateway.istio.io/service-account"
    static let workloadName = "service.istio.io/workload-name"
    static let canonicalNames = ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]
    static let canonicalRevisions = ["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"]

    /// Names the Gateway that a workload is an instance of.
    package static let gatewayName = "gateway.networking.k8s.io/gateway-name"
}

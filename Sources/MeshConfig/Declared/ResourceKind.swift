/// The kinds of resource that can be declared (`docs/configuration.md`).
package enum ResourceKind: String, Hashable, Sendable, CaseIterable {
    case namespace = "Namespace"
    case gateway = "Gateway"
    case httpRoute = "HTTPRoute"
    case grpcRoute = "GRPCRoute"
    case tcpRoute = "TCPRoute"
    case tlsRoute = "TLSRoute"
    case referenceGrant = "ReferenceGrant"
    case virtualService = "VirtualService"
    case destinationRule = "DestinationRule"
    case serviceEntry = "ServiceEntry"
    case workloadEntry = "WorkloadEntry"
    case authorizationPolicy = "AuthorizationPolicy"
    case peerAuthentication = "PeerAuthentication"
    case requestAuthentication = "RequestAuthentication"
    case telemetry = "Telemetry"
    case meshConfig = "MeshConfig"
    case ecsAccount = "ECSAccount"
    case serviceAccountBinding = "ServiceAccountBinding"
    case payloadPolicy = "PayloadPolicy"
    case backendTrafficPolicy = "XBackendTrafficPolicy"
    case rateLimitPolicy = "RateLimitPolicy"
    case healthCheckPolicy = "HealthCheckPolicy"
    case backendTLSPolicy = "BackendTLSPolicy"
    case caBundle = "CABundle"

    /// The API group and its versions that are read, newest first: `v1` alone for the core group.
    package var apiVersions: [String] {
        switch self {
        case .namespace: ["v1"]
        case .gateway, .httpRoute: ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"]
        case .grpcRoute: ["gateway.networking.k8s.io/v1"]
        case .tcpRoute: ["gateway.networking.k8s.io/v1alpha2"]
        case .tlsRoute:
            [
                "gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1alpha3",
                "gateway.networking.k8s.io/v1alpha2",
            ]
        case .referenceGrant: ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"]
        case .virtualService, .destinationRule, .serviceEntry, .workloadEntry:
            ["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"]
        case .authorizationPolicy, .peerAuthentication, .requestAuthentication:
            ["security.istio.io/v1", "security.istio.io/v1beta1"]
        case .telemetry: ["telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"]
        case .meshConfig, .ecsAccount, .serviceAccountBinding, .payloadPolicy, .rateLimitPolicy, .healthCheckPolicy,
            .caBundle:
            ["tulle.mesh/v1alpha1"]
        case .backendTLSPolicy: ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1alpha3"]
        case .backendTrafficPolicy: ["gateway.networking.x-k8s.io/v1alpha1"]
        }
    }

    /// Whether its resources belong to a namespace.
    package var isNamespaced: Bool {
        switch self {
        case .namespace, .meshConfig, .ecsAccount, .serviceAccountBinding: false
        default: true
        }
    }
}

/// What a kind's resources look like. One table serves checking, reading and JSON Schema.
struct KindSchema: Sendable {
    var kind: ResourceKind
    /// `spec`; nil for a kind whose content is in its metadata alone.
    var spec: ObjectSchema?

    /// The schema of a kind.
    static func of(_ kind: ResourceKind) -> KindSchema {
        let spec: ObjectSchema? =
            switch kind {
            case .namespace: nil
            case .gateway: self.gateway
            case .httpRoute: self.httpRoute
            case .grpcRoute: self.grpcRoute
            case .tcpRoute: self.tcpRoute
            case .tlsRoute: self.tlsRoute
            case .referenceGrant: self.referenceGrant
            case .virtualService: self.virtualService
            case .destinationRule: self.destinationRule
            case .serviceEntry: self.serviceEntry
            case .workloadEntry: self.workloadEntry
            case .authorizationPolicy: self.authorizationPolicy
            case .peerAuthentication: self.peerAuthentication
            case .requestAuthentication: self.requestAuthentication
            case .telemetry: self.telemetry
            case .meshConfig: self.meshConfig
            case .ecsAccount: self.ecsAccount
            case .serviceAccountBinding: self.serviceAccountBinding
            case .payloadPolicy: self.payloadPolicy
            case .backendTrafficPolicy: self.backendTrafficPolicy
            case .rateLimitPolicy: self.rateLimitPolicy
            case .healthCheckPolicy: self.healthCheckPolicy
            case .backendTLSPolicy: self.backendTLSPolicy
            case .caBundle: self.caBundle
            }
        return KindSchema(kind: kind, spec: spec)
    }
}

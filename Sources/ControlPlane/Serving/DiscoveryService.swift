import GRPCCore
import Logging
import MeshModel
import MeshProtos
import MeshTelemetry

/// `envoy.service.discovery.v3.AggregatedDiscoveryService`, the delta method: mesh resources for authenticated data
/// planes.
struct DiscoveryService: RegistrableRPCService {
    static let method = MethodDescriptor(
        fullyQualifiedService: "envoy.service.discovery.v3.AggregatedDiscoveryService",
        method: "DeltaAggregatedResources",
        type: .bidirectionalStreaming
    )

    let peers: PeerTable
    let store: ResourceStore
    let connections: ConnectionTable
    let metrics: ControlPlaneMetrics
    let limits: ServerLimits
    let logger: Logger

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: ProtoDeserializer<EnvoyDiscovery.DeltaDiscoveryRequest>(bytes: self.limits.messageBytes),
            serializer: ProtoSerializer<EnvoyDiscovery.DeltaDiscoveryResponse>()
        ) { request, context in
            try self.serve(request, context)
        }
    }

    private func serve(
        _ request: StreamingServerRequest<EnvoyDiscovery.DeltaDiscoveryRequest>,
        _ context: ServerContext
    ) throws -> StreamingServerResponse<EnvoyDiscovery.DeltaDiscoveryResponse> {
        guard let peer = self.peers.peer(of: context) else {
            throw self.refusal(
                .unauthenticated,
                "client_certificate_missing",
                "connect with a workload certificate of this mesh"
            )
        }
        guard self.store.isReady else {
            throw self.refusal(.unavailable, "registry_incomplete", "not all of ECS has been read yet, try again")
        }
        let remote = context.remotePeer
        return StreamingServerResponse { writer in
            guard let id = self.connections.open(remote: remote, identity: peer.identity.uri) else {
                throw self.refusal(.resourceExhausted, "too_many_streams", "try again later")
            }
            self.metrics.streams.add(1)
            var logger = self.logger
            logger[metadataKey: "src.address"] = "\(remote)"
            logger[metadataKey: "src.identity"] = "\(peer.identity.uri)"
            defer {
                self.connections.close(id)
                self.metrics.streams.add(-1)
                logger.debug("stream closed")
            }
            let session = DiscoverySession(
                id: id,
                peer: peer,
                store: self.store,
                table: self.connections,
                metrics: self.metrics,
                limits: self.limits,
                logger: logger
            )
            try await session.run(request.messages, writer)
            return [:]
        }
    }

    private func refusal(_ code: RPCError.Code, _ name: String, _ hint: String) -> RPCError {
        self.metrics.refusedStreams.with(name).add()
        return RPCError(code: code, message: "\(name): \(hint)")
    }
}

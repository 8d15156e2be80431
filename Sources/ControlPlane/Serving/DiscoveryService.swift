import CertificateAuthority
import Foundation
import GRPCCore
import Logging
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS

/// `envoy.service.discovery.v3.AggregatedDiscoveryService`, the delta method: mesh resources for authenticated data
/// planes.
struct DiscoveryService: RegistrableRPCService {
    static let method = MethodDescriptor(
        fullyQualifiedService: "envoy.service.discovery.v3.AggregatedDiscoveryService",
        method: "DeltaAggregatedResources",
        type: .bidirectionalStreaming
    )

    let peers: PeerTable
    let attestor: (any StreamAttesting)?
    let store: ResourceStore
    let turns: JoinTurns
    let connections: ConnectionTable
    let metrics: ControlPlaneMetrics
    let limits: ServerLimits
    let logger: Logger

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: ProtoDeserializer<EnvoyDiscovery.DeltaDiscoveryRequest>(bytes: self.limits.messageBytes),
            serializer: PushSerializer()
        ) { request, context in
            try await self.serve(request, context)
        }
    }

    private func serve(
        _ request: StreamingServerRequest<EnvoyDiscovery.DeltaDiscoveryRequest>,
        _ context: ServerContext
    ) async throws -> StreamingServerResponse<DeltaPush> {
        // Who calls is known before the first message is decoded.
        let peer = try await self.authenticate(request.metadata, context)
        guard self.store.isReady else {
            throw self.refusal(.unavailable, "registry_incomplete", "not all of ECS has been read yet, try again")
        }
        let remote = context.remotePeer
        return StreamingServerResponse { writer in
            let id: String
            switch self.connections.open(remote: remote, peer: peer) {
            case .open(let opened): id = opened
            case .full: throw self.refusal(.resourceExhausted, "too_many_streams", "try again later")
            case .identityFull(let limit):
                throw self.refusal(
                    .resourceExhausted,
                    "too_many_streams",
                    "\(peer.identity.uri) has \(limit) streams already, the most for one identity"
                )
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
                turns: self.turns,
                table: self.connections,
                metrics: self.metrics,
                limits: self.limits,
                logger: logger
            )
            do {
                try await session.run(request.messages, writer, cancellation: context.cancellation)
            } catch let silence as SilentPeer {
                // What is queued for it cannot be taken back from the stream, only with the whole connection.
                logger.warning("data plane does not read, its connection is ended")
                self.peers.abort(context)
                throw RPCError(code: .aborted, message: silence.description)
            }
            return [:]
        }
    }

    /// By certificate, or without one by attestation. The result stands for the whole stream.
    private func authenticate(_ metadata: Metadata, _ context: ServerContext) async throws -> Peer {
        if let peer = self.peers.peer(of: context) { return peer }
        let authorization = Array(metadata[stringValues: "authorization"].prefix(2))
        guard let attestor = self.attestor, !authorization.isEmpty else {
            throw self.refusal(
                .unauthenticated,
                "client_certificate_missing",
                "connect with a workload certificate of this mesh, or send an attestation as authorization metadata"
            )
        }
        let now = Date()
        do {
            let identity = try await withDeadline(self.limits.certificateCall) {
                try await attestor.attest(authorization: authorization, peer: context.remotePeer, now: now)
            }
            let expiry = now.addingTimeInterval(self.limits.attestedStream.seconds)
            return Peer(identity: identity, expiry: expiry, proof: .attestation)
        } catch let refusal as IssuanceRefusal {
            self.logger.info(
                "stream refused",
                metadata: [
                    "src.address": "\(context.remotePeer)", "error.code": "\(refusal.code.rawValue)",
                    "error": "\(refusal.hint.prefix(512))",
                ]
            )
            throw self.refusal(RPCError.Code(refusal.answer), refusal.code.rawValue, refusal.hint)
        } catch is DeadlinePassed {
            throw self.refusal(.unavailable, "sts_unavailable", "AWS did not answer in time, try again")
        }
    }

    private func refusal(_ code: RPCError.Code, _ name: String, _ hint: String) -> RPCError {
        self.metrics.refusedStreams.with(name).add()
        return RPCError(code: code, message: "\(name): \(hint)")
    }
}

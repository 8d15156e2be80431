import CertificateAuthority
import Foundation
import GRPCCore
import Logging
import MeshModel
import MeshProtos
import MeshTelemetry

/// `istio.v1.auth.IstioCertificateService`: certificates for those who can prove who they are.
struct CertificateService: RegistrableRPCService {
    static let method = MethodDescriptor(
        fullyQualifiedService: "istio.v1.auth.IstioCertificateService",
        method: "CreateCertificate",
        type: .unary
    )

    let peers: PeerTable
    let issuer: CertificateIssuer
    let metrics: ControlPlaneMetrics
    let limits: ServerLimits
    let logger: Logger

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: ProtoDeserializer<IstioAuth.CertificateRequest>(bytes: self.limits.certificateRequestBytes),
            serializer: ProtoSerializer<IstioAuth.CertificateResponse>()
        ) { request, context in
            let single = try await withDeadline(self.limits.firstRequest) { try await ServerRequest(stream: request) }
            return StreamingServerResponse(single: try await self.answer(single, context))
        }
    }

    private func answer(
        _ request: ServerRequest<IstioAuth.CertificateRequest>,
        _ context: ServerContext
    ) async throws -> ServerResponse<IstioAuth.CertificateResponse> {
        self.metrics.requests.add()
        let call = CertificateIssuer.Call(
            csr: request.message.csr,
            validitySeconds: request.message.validityDuration,
            authorization: Array(request.metadata[stringValues: "authorization"].prefix(2)),
            impersonated: request.message.metadata?.string("ImpersonatedIdentity"),
            peer: context.remotePeer,
            certificates: self.peers.peer(of: context).map { [$0.certificate] } ?? []
        )
        do {
            let issued = try await withDeadline(self.limits.certificateCall) {
                try await self.issuer.answer(call, now: Date())
            }
            self.metrics.issued.add()
            self.logger.debug(
                "certificate issued",
                metadata: ["src.address": "\(context.remotePeer)", "src.identity": "\(issued.identity)"]
            )
            return ServerResponse(message: .with { $0.certificateChain = issued.chain })
        } catch let refusal as IssuanceRefusal {
            self.metrics.refusals.with(refusal.code.rawValue).add()
            self.logger.info(
                "certificate refused",
                metadata: [
                    "src.address": "\(context.remotePeer)", "error.code": "\(refusal.code.rawValue)",
                    "error": "\(refusal.hint.prefix(512))",
                ]
            )
            throw RPCError(code: RPCError.Code(refusal.answer), message: refusal.description)
        } catch is DeadlinePassed {
            self.metrics.refusals.with("deadline_passed").add()
            throw RPCError(code: .unavailable, message: "sts_unavailable: AWS did not answer in time, try again")
        } catch {
            self.logger.error("certificate cannot be made", metadata: ["error": "\(error)"])
            throw RPCError(code: .internalError, message: "the authority has a fault; see the control plane's log")
        }
    }
}

extension RPCError.Code {
    init(_ answer: IssuanceRefusal.Answer) {
        switch answer {
        case .unauthenticated: self = .unauthenticated
        case .permissionDenied: self = .permissionDenied
        case .unavailable: self = .unavailable
        case .invalidArgument: self = .invalidArgument
        }
    }
}

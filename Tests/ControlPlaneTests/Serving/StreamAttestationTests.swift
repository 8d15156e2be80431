import CertificateAuthority
import ControlPlane
import Foundation
import GRPCCore
import MeshProtos
import MeshXDS
import Synchronization
import Testing

/// Streams without a client certificate, as Istio's ztunnel in dedicated mode opens them.
@Suite(.timeLimit(.minutes(1))) struct StreamAttestationTests {
    @Test func anAttestationOpensAStreamAndIsAskedForOnce() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let workload = try TestWorkload()
        try await plane.withClient(.none) { client in
            try await client.discover(authorization: try workload.authorization()) { sending, responses in
                sending.yield(.first())
                let first = try #require(try await responses.next())
                sending.yield(.answer(first))
                // AWS is not asked again while the stream is open.
                plane.aws.caller.withLock { $0 = .unavailable(reason: "throttled") }
                plane.publish(["echo", "cart"])
                let last = try await responses.next()
                #expect(last?.resources.count == 2)
                let connection = try #require(plane.connections.connections.first)
                #expect(connection.identity == "spiffe://cluster.local/ns/shop/sa/echo")
                #expect(connection.proof == .attestation)
            }
        }
    }

    private func refusal(
        _ plane: TestPlane,
        _ authorization: String?,
        metadata: [String: String] = [:]
    ) async throws -> RPCError {
        let error = await #expect(throws: RPCError.self) {
            try await plane.withClient(.none) { client in
                try await client.discover(authorization: authorization) { sending, responses in
                    sending.yield(.first(metadata: metadata))
                    while try await responses.next() != nil {}
                }
            }
        }
        return try #require(error)
    }

    @Test func anAttestationIsGoodForOneUse() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let workload = try TestWorkload()
        let authorization = try workload.authorization()
        try await plane.withClient(.none) { client in
            _ = try await client.createCertificate(csr: workload.csr, authorization: authorization)
            let error = await #expect(throws: RPCError.self) {
                try await client.discover(authorization: authorization) { sending, responses in
                    sending.yield(.first())
                    _ = try await responses.next()
                }
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.message.hasPrefix("attestation_replayed: ") == true)
        }
    }

    @Test func itsIdentityIsHeldAgainstTheNodes() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let authorization = try TestWorkload().authorization()
        let error = try await self.refusal(plane, authorization, metadata: ["SERVICE_ACCOUNT": "admin"])
        #expect(error.code == .permissionDenied)
        #expect(error.message.contains("the attestation names 'echo'"))
    }

    @Test func withoutEitherThereIsNoStream() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        #expect(try await self.refusal(plane, nil).message.hasPrefix("client_certificate_missing: "))
        let plane2 = try TestPlane()
        plane2.publish(["echo"])
        let error = try await self.refusal(plane2, "Bearer eyJhbGciOiJub25lIn0.e30.")
        #expect(error.code == .unauthenticated)
        #expect(error.message.hasPrefix("attestation_malformed: "))
    }

    @Test func aStreamByAttestationEndsWithItsTime() async throws {
        var limits = ServerLimits()
        limits.attestedStream = .milliseconds(500)
        limits.firstRequest = .milliseconds(400)
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        let error = try await self.refusal(plane, try TestWorkload().authorization())
        #expect(error.code == .unauthenticated)
        #expect(error.message.contains("connect with a new one"))
    }
}

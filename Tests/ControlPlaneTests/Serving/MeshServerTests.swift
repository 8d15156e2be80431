import CertificateAuthority
import ControlPlane
import Crypto
import Foundation
import GRPCCore
import MeshProtos
import MeshTelemetry
import MeshXDS
import SwiftASN1
import Synchronization
import Testing
import X509

@Suite(.timeLimit(.minutes(1))) struct MeshServerTests {
    private static let echo = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/echo")

    /// The error that a discovery stream ends with.
    private func streamError(
        _ plane: TestPlane,
        _ credential: TestPlane.Credential,
        first: DeltaRequest = .first()
    ) async throws -> RPCError {
        let failure = await #expect(throws: RPCError.self) {
            try await plane.withClient(credential) { client in
                try await client.discover { sending, responses in
                    sending.yield(first)
                    while try await responses.next() != nil {}
                }
            }
        }
        return try #require(failure)
    }

    @Test func aWorkloadWithItsCertificateGetsTheMeshAndItsChanges() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "shell"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first(XDSTypes.address))
                sending.yield(.first(XDSTypes.authorization))
                var byType: [String: DeltaResponse] = [:]
                for _ in 0..<2 {
                    let response = try #require(try await responses.next())
                    byType[response.typeURL] = response
                    sending.yield(.answer(response))
                }
                let addresses = try #require(byType[XDSTypes.address])
                #expect(addresses.resources.count == 4)
                #expect(addresses.resources.contains { $0.name == "shop/echo.shop.mesh.internal" })
                let resource = try #require(addresses.resources.first?.resource)
                #expect(resource.typeURL == XDSTypes.address)
                _ = try IstioWorkload.Address(decoding: resource.value)
                #expect(byType[XDSTypes.authorization]?.resources.isEmpty == true, "readiness needs this empty answer")

                plane.publish(["echo", "shell", "cart"])
                let more = try #require(try await responses.next())
                #expect(more.resources.map(\.name).contains("shop/cart.shop.mesh.internal"))
                #expect(more.resources.count == 2)
                sending.yield(.answer(more, error: "no room"))

                plane.publish(["echo", "shell"])
                let less = try #require(try await responses.next())
                #expect(less.removedResources.count == 2)
                sending.yield(.answer(less))
                let connection = try #require(plane.connections.connections.first)
                #expect(connection.identity == "spiffe://cluster.local/ns/shop/sa/echo")
                #expect(connection.node == "ztunnel~10.0.12.1~echo.shop~shop.svc.cluster.local")
                #expect(connection.rejects == 1)
            }
        }
        let text = String(decoding: plane.metrics.registry.exposition(.prometheus), as: UTF8.self)
        #expect(text.contains("pilot_total_xds_rejects{type=\"Address\"} 1"))
    }

    @Test func aReconnectGetsOnlyWhatItDoesNotHave() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "shell"])
        try await plane.withClient(Self.echo) { client in
            let held = Mutex<[String: String]>([:])
            try await client.discover { sending, responses in
                sending.yield(.first())
                let response = try #require(try await responses.next())
                held.withLock {
                    $0 = Dictionary(uniqueKeysWithValues: response.resources.map { ($0.name, $0.version) })
                }
            }
            plane.publish(["echo", "cart"])
            try await client.discover { sending, responses in
                var request = DeltaRequest.first()
                request.initialResourceVersions = held.withLock { $0 }
                sending.yield(request)
                let response = try #require(try await responses.next())
                #expect(response.resources.map(\.name).contains("shop/cart.shop.mesh.internal"))
                #expect(!response.resources.map(\.name).contains("shop/echo.shop.mesh.internal"))
                #expect(response.removedResources.contains("shop/shell.shop.mesh.internal"))
            }
        }
    }

    @Test func withoutACertificateThereIsNoDiscovery() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let error = try await self.streamError(plane, .none)
        #expect(error.code == .unauthenticated)
        #expect(error.message.hasPrefix("client_certificate_missing"))
    }

    @Test func aCertificateOfAnotherRootDoesNotConnect() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let refused = Mutex<RPCError?>(nil)
        try? await plane.withClient(.foreign) { client in
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await client.discover { sending, responses in
                            sending.yield(.first())
                            _ = try await responses.next()
                        }
                    }
                    group.addTask {
                        try await Task.sleep(for: .seconds(3))
                        throw RPCError(code: .unavailable, message: "the handshake never succeeds")
                    }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            } catch let error as RPCError {
                refused.withLock { $0 = error }
            }
        }
        let code = refused.withLock { $0?.code }
        #expect(code == .unavailable)
        #expect(plane.connections.connections.isEmpty)
    }

    @Test(arguments: [("NAMESPACE", "bank"), ("SERVICE_ACCOUNT", "admin")])
    func aNodeThatClaimsToBeAnotherIsRefused(_ field: String, _ value: String) async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let error = try await self.streamError(plane, Self.echo, first: .first(metadata: [field: value]))
        #expect(error.code == .permissionDenied)
        #expect(error.message.hasPrefix("node_identity_mismatch"))
    }

    @Test func whatANodeSaysOfItselfStartsNoLineOfTheLog() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        var first = DeltaRequest.first()
        first.node?.id = "ztunnel~1~a\n2026 info forged \(String(repeating: "a\u{301}", count: 9_999))~c"
        try await plane.withClient(Self.echo) { [first] client in
            try await client.discover { sending, responses in
                sending.yield(first)
                _ = try #require(try await responses.next())
                let node = try #require(plane.connections.connections.first?.node)
                #expect(node.hasPrefix("ztunnel~1~a?2026 info forged"))
                #expect(node.utf8.count == 512)
            }
        }
    }

    @Test func aFirstRequestWithoutANodeIsRefused() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let error = try await self.streamError(plane, Self.echo, first: .with { $0.typeURL = XDSTypes.address })
        #expect(error.code == .invalidArgument)
    }

    @Test func beforeTheMeshWasReadThereIsNoAnswer() async throws {
        let error = try await self.streamError(try TestPlane(), Self.echo)
        #expect(error.code == .unavailable)
    }

    @Test func aStreamWithoutARequestIsEnded() async throws {
        var limits = ServerLimits()
        limits.firstRequest = .milliseconds(200)
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        let error = await #expect(throws: RPCError.self) {
            try await plane.withClient(Self.echo) { client in
                try await client.discover { _, responses in _ = try await responses.next() }
            }
        }
        #expect(error?.code == .deadlineExceeded)
    }

    @Test func tooManyStreamsAreRefused() async throws {
        var limits = ServerLimits()
        limits.streams = 1
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        let error = await #expect(throws: RPCError.self) {
            try await plane.withClient(Self.echo) { client in
                try await client.discover { sending, responses in
                    sending.yield(.first())
                    _ = try await responses.next()
                    try await client.discover { sending, responses in
                        sending.yield(.first())
                        _ = try await responses.next()
                    }
                }
            }
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func aStopTellsDataPlanesToComeBack() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        let error = await #expect(throws: RPCError.self) {
            try await plane.withClient(Self.echo) { client in
                try await client.discover { sending, responses in
                    sending.yield(.first())
                    _ = try await responses.next()
                    plane.server.stop()
                    while try await responses.next() != nil {}
                }
            }
        }
        #expect(error?.code == .unavailable)
    }

    @Test func aWorkloadGetsItsFirstCertificateWithoutHavingOne() async throws {
        let plane = try TestPlane()
        let workload = try TestWorkload()
        let chain = try await plane.withClient(.none) { client in
            try await client.createCertificate(csr: workload.csr, authorization: try workload.authorization())
        }
        #expect(chain.count == 3)
        #expect(chain.last == plane.authority.trustBundle)
        let leaf = try Certificate(pemEncoded: try #require(chain.first))
        #expect(leaf.publicKey == Certificate.PublicKey(workload.key.publicKey))
        let names = Array(try #require(try leaf.extensions.subjectAlternativeNames))
        #expect(names == [.uniformResourceIdentifier("spiffe://cluster.local/ns/shop/sa/echo")])
        #expect(abs(leaf.notValidAfter.timeIntervalSinceNow - 3600) < 30)
    }

    @Test func aRefusalSaysItsCode() async throws {
        let plane = try TestPlane()
        let workload = try TestWorkload()
        try await plane.withClient(.none) { client in
            let missing = await #expect(throws: RPCError.self) {
                try await client.createCertificate(csr: workload.csr, authorization: nil)
            }
            #expect(missing?.code == .unauthenticated)
            #expect(missing?.message.hasPrefix("attestation_missing: ") == true)
            let foreign = await #expect(throws: RPCError.self) {
                try await client.createCertificate(
                    csr: workload.csr,
                    authorization: try workload.authorization(audience: "other/tulled")
                )
            }
            #expect(foreign?.message.hasPrefix("attestation_audience_mismatch: ") == true)
            plane.aws.caller.withLock { $0 = .unavailable(reason: "throttled") }
            let later = await #expect(throws: RPCError.self) {
                try await client.createCertificate(csr: workload.csr, authorization: try workload.authorization())
            }
            #expect(later?.code == .unavailable)
            let oversized = await #expect(throws: RPCError.self) {
                try await client.createCertificate(
                    csr: String(repeating: "A", count: 100_000),
                    authorization: try workload.authorization()
                )
            }
            #expect(oversized?.code == .invalidArgument)
        }
        let text = String(decoding: plane.metrics.registry.exposition(.prometheus), as: UTF8.self)
        #expect(text.contains("tulle_certificate_refusals_total{code=\"attestation_missing\"} 1"))
    }

    @Test func theServerCertificateIsReplacedWithoutAStop() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                let first = try #require(try await responses.next())
                sending.yield(.answer(first))
                #expect(await plane.rotation.rotate(now: Date()) == false)
                #expect(await plane.rotation.rotate(now: Date(timeIntervalSinceNow: 13 * 3600)))
                #expect(
                    await plane.rotation.rotate(now: Date()),
                    "a clock that was ahead leaves nothing unusable behind"
                )
                #expect(await plane.rotation.rotate(now: Date()) == false)
                plane.publish(["echo", "cart"])
                #expect(try await responses.next()?.resources.count == 2, "the open stream goes on")
            }
        }
    }
}

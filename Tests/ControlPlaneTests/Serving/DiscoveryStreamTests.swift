import ControlPlane
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import MeshProtos
import MeshTelemetry
import MeshXDS
import Synchronization
import Testing

/// What a discovery stream is beyond its messages: order on the wire, limits, age, silent peers.
@Suite(.timeLimit(.minutes(1))) struct DiscoveryStreamTests {
    private static let echo = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/echo")
    private static let shell = TestPlane.Credential.workload("spiffe://cluster.local/ns/shop/sa/shell")

    private func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
        for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition(), what)
    }

    @Test func policiesGoFirstAlsoWhenAddressesAreAskedForFirst() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        plane.publish(policies: ["p": 1])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first(XDSTypes.address))
                sending.yield(.first(XDSTypes.authorization))
                let first = try #require(try await responses.next())
                #expect(first.typeURL == XDSTypes.authorization)
                #expect(first.resources.map(\.name) == ["shop/p"])
                let second = try #require(try await responses.next())
                #expect(second.typeURL == XDSTypes.address)
                #expect(second.resources.count == 2)
                sending.yield(.answer(first))
                sending.yield(.answer(second))
                // A change of both types at once goes out in the same order.
                plane.publish(policies: ["p": 2, "q": 1])
                plane.publish(["echo", "cart"])
                let third = try #require(try await responses.next())
                #expect(third.typeURL == XDSTypes.authorization)
                #expect(third.resources.map(\.name) == ["shop/p", "shop/q"])
                let last = try await responses.next()
                #expect(last?.typeURL == XDSTypes.address)
            }
        }
    }

    @Test func whoAsksOnlyForAddressesWaitsForNobody() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first(XDSTypes.address))
                let last = try await responses.next()
                #expect(last?.resources.count == 2)
            }
        }
    }

    @Test func aReconnectIsSentNoPolicyAgain() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        plane.publish(policies: ["p": 1, "q": 1])
        try await plane.withClient(Self.echo) { client in
            let versions = Mutex<[String: String]>([:])
            try await client.discover { sending, responses in
                sending.yield(.first(XDSTypes.authorization))
                let response = try #require(try await responses.next())
                versions.withLock {
                    for resource in response.resources { $0[resource.name] = resource.version }
                }
            }
            try await client.discover { sending, responses in
                var request = DeltaRequest.first(XDSTypes.authorization)
                request.initialResourceVersions = versions.withLock { $0 }
                sending.yield(request)
                let response = try #require(try await responses.next())
                #expect(response.resources.isEmpty)
                #expect(response.removedResources.isEmpty)
            }
        }
    }

    @Test func twoServersGiveTheSameVersions() async throws {
        var seen: [[String: String]] = []
        for _ in 0..<2 {
            let plane = try TestPlane()
            plane.publish(["echo", "shell"])
            plane.publish(policies: ["p": 1])
            let versions = Mutex<[String: String]>([:])
            try await plane.withClient(Self.echo) { client in
                try await client.discover { sending, responses in
                    sending.yield(.first(XDSTypes.address))
                    sending.yield(.first(XDSTypes.authorization))
                    for _ in 0..<2 {
                        let response = try #require(try await responses.next())
                        versions.withLock { for each in response.resources { $0[each.name] = each.version } }
                    }
                }
            }
            seen.append(versions.withLock { $0 })
        }
        #expect(seen[0].count == 5)
        #expect(seen[0] == seen[1])
    }

    @Test func anOnDemandDataPlaneGetsItsNodesWorkloadsAndAServicesOwn() async throws {
        let plane = try TestPlane()
        plane.publish(["echo", "shell"])
        let node = try #require(
            plane.store.catalog?.resources(of: XDSTypes.address).flatMap(\.parents).first { $0.hasPrefix("node:") }
        )
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                var request = DeltaRequest.first(
                    metadata: ["NAMESPACE": "shop", "NODE_NAME": String(node.dropFirst("node:".count))]
                )
                request.resourceNamesSubscribe = ["*"]
                request.resourceNamesUnsubscribe = ["*"]
                sending.yield(request)
                let own = try #require(try await responses.next())
                #expect(own.resources.count == 1)
                #expect(own.resources.first?.name.contains("/Task/shop/") == true)
                sending.yield(.answer(own))
                sending.yield(
                    .with {
                        $0.typeURL = XDSTypes.address
                        $0.resourceNamesSubscribe = ["shop/shell.shop.mesh.internal", "/9.9.9.9"]
                    }
                )
                let asked = try #require(try await responses.next())
                #expect(asked.removedResources == ["/9.9.9.9"])
                #expect(asked.resources.map(\.name).contains("shop/shell.shop.mesh.internal"))
                #expect(asked.resources.contains { $0.name.contains("/Task/shop/") }, "with its workload")
            }
        }
    }

    @Test func oneIdentityCannotTakeAllStreams() async throws {
        var limits = ServerLimits()
        limits.streamsPerIdentity = 1
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                _ = try #require(try await responses.next())
                let refused = await #expect(throws: RPCError.self) {
                    try await client.discover { sending, responses in
                        sending.yield(.first())
                        _ = try await responses.next()
                    }
                }
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.message.hasPrefix("too_many_streams: spiffe://cluster.local/ns/shop/sa/echo") == true)
                let port = try #require(await plane.server.port)
                try await plane.client(Self.shell, port: port) { other in
                    try await other.discover { sending, responses in
                        sending.yield(.first(metadata: [:]))
                        let response = try await responses.next()
                        #expect(response != nil)
                    }
                }
            }
            // Its place is free again.
            try await self.eventually("the stream is gone") { plane.connections.connections.isEmpty }
            try await client.discover { sending, responses in
                sending.yield(.first())
                let response = try await responses.next()
                #expect(response != nil)
            }
        }
    }

    @Test func whoAnswersNothingIsEndedAndHoldsUpNobody() async throws {
        var limits = ServerLimits()
        limits.answer = .seconds(1)
        let plane = try TestPlane(limits: limits)
        let services = (0..<400).map { "s\($0)" }
        plane.publish(services)
        try await plane.withClient(Self.echo) { silent in
            let failure = await #expect(throws: RPCError.self) {
                try await silent.discover { sending, responses in
                    sending.yield(.first())
                    let port = try #require(await plane.server.port)
                    // Nobody reads here, while others are served.
                    try await plane.client(Self.shell, port: port) { other in
                        try await other.discover { sending, responses in
                            sending.yield(.first(metadata: [:]))
                            let all = try #require(try await responses.next())
                            #expect(all.resources.count == 800)
                            sending.yield(.answer(all))
                            plane.publish(services + ["cart"])
                            let more = try #require(try await responses.next())
                            #expect(more.resources.count == 2)
                            sending.yield(.answer(more))
                            try await self.eventually("the silent one is ended, the other stays") {
                                plane.connections.connections.map(\.identity)
                                    == ["spiffe://cluster.local/ns/shop/sa/shell"]
                            }
                        }
                    }
                    while try await responses.next() != nil {}
                }
            }
            #expect(failure?.code == .unavailable || failure?.code == .aborted, "\(String(describing: failure))")
        }
    }

    /// - Parameter answers: whether the first data plane answers at once, or not at all.
    @Test(arguments: [true, false])
    func whoJoinsWaitsForTheOneBeforeButNotForEver(_ answers: Bool) async throws {
        var limits = ServerLimits()
        limits.joinBytes = 1
        limits.joinTurn = answers ? .seconds(600) : .milliseconds(300)
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                let first = try #require(try await responses.next())
                if answers { sending.yield(.answer(first)) }
                let port = try #require(await plane.server.port)
                try await plane.client(Self.shell, port: port) { other in
                    try await other.discover { sending, responses in
                        sending.yield(.first(metadata: [:]))
                        let response = try await responses.next()
                        #expect(response?.resources.count == 2)
                    }
                }
            }
        }
    }

    @Test func anOldConnectionIsAskedToLeaveInOrder() async throws {
        var limits = ServerLimits()
        limits.connectionAge = .milliseconds(300)
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await self.stayToTheEnd(client)
            let port = try #require(await plane.server.port)
            try await plane.client(Self.echo, port: port) { try await self.stayToTheEnd($0) }
        }
    }

    private func stayToTheEnd(_ client: GRPCClient<HTTP2ClientTransport.Posix>) async throws {
        try await client.discover { sending, responses in
            sending.yield(.first())
            let response = try #require(try await responses.next())
            sending.yield(.answer(response))
            let end = try await responses.next()
            #expect(end == nil, "an end without an error")
        }
    }

    @Test func requestsThatComeTooFastAreReadLater() async throws {
        var limits = ServerLimits()
        limits.requestsPerSecond = 10
        limits.requestBurst = 1
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        let start = ContinuousClock.now
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                var response = try #require(try await responses.next())
                for number in 0..<4 {
                    var request = DeltaRequest.answer(response)
                    request.resourceNamesSubscribe = ["/9.9.9.\(number)"]
                    sending.yield(request)
                    response = try #require(try await responses.next())
                    #expect(response.removedResources == ["/9.9.9.\(number)"])
                }
            }
        }
        #expect(ContinuousClock.now - start >= .milliseconds(390))
    }

    @Test func anOversizedMessageEndsItsStreamAndNoOther() async throws {
        var limits = ServerLimits()
        limits.messageBytes = 64 << 10
        let plane = try TestPlane(limits: limits)
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                let first = try #require(try await responses.next())
                sending.yield(.answer(first))
                let error = await #expect(throws: RPCError.self) {
                    try await client.discover { sending, responses in
                        var request = DeltaRequest.first()
                        request.resourceNamesSubscribe = (0..<9000).map { "name-\($0)" }
                        sending.yield(request)
                        while try await responses.next() != nil {}
                    }
                }
                #expect(error != nil)
                plane.publish(["echo", "cart"])
                let more = try await responses.next()
                #expect(more?.resources.count == 2)
            }
        }
    }

    @Test func identitiesOfAnAliasAreKnownOnlyWhenItIsOne() async throws {
        let alias = TestPlane.Credential.workload("spiffe://old.example/ns/shop/sa/echo")
        let plane = try TestPlane(trustDomainAliases: ["old.example"])
        plane.publish(["echo"])
        try await plane.withClient(alias) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                let response = try await responses.next()
                #expect(response != nil)
                #expect(plane.connections.connections.first?.identity == "spiffe://old.example/ns/shop/sa/echo")
            }
        }
        let strict = try TestPlane()
        strict.publish(["echo"])
        let error = await #expect(throws: RPCError.self) {
            try await strict.withClient(alias) { client in
                try await client.discover { sending, responses in
                    sending.yield(.first())
                    _ = try await responses.next()
                }
            }
        }
        #expect(error?.code == .unauthenticated)
    }

    @Test func rejectionsAndStaleAnswersAreShown() async throws {
        let plane = try TestPlane()
        plane.publish(["echo"])
        try await plane.withClient(Self.echo) { client in
            try await client.discover { sending, responses in
                sending.yield(.first())
                let first = try #require(try await responses.next())
                var stale = DeltaRequest.answer(first)
                stale.responseNonce = "older"
                sending.yield(stale)
                sending.yield(.answer(first, error: "no\nroom"))
                try await self.eventually("the rejection is recorded") {
                    plane.connections.connections.first?.types.first?.rejection != nil
                }
                let rejection = try #require(plane.connections.connections.first?.types.first?.rejection)
                #expect(rejection.message == "no\nroom")
                #expect(rejection.names.contains("shop/echo.shop.mesh.internal"))
                #expect(abs(Double(rejection.time) / 1000 - Date().timeIntervalSince1970) < 30)
                let connection = try #require(plane.connections.connections.first)
                #expect(connection.pushes == 1, "the same content is not sent again")
                plane.publish(["echo", "cart"])
                let last = try await responses.next()
                #expect(last?.resources.count == 2)
            }
        }
        let text = String(decoding: plane.metrics.registry.exposition(.prometheus), as: UTF8.self)
        #expect(text.contains("pilot_xds_expired_nonce{type=\"Address\"} 1"))
    }
}

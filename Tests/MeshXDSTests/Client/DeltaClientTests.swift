import MeshProtos
import Testing

@testable import MeshXDS

@Suite struct DeltaClientTests {
    private static let node = EnvoyDiscovery.Node.with { $0.id = "n" }

    private func client(_ interest: DeltaClient.Interest = .wildcard) -> HeldClient {
        HeldClient(DeltaClient(node: Self.node, types: [(policies, .wildcard), (addresses, interest)]))
    }

    @Test func theFirstRequestsAskForEverythingInOrder() {
        let client = self.client()
        let requests = client.streamOpened()
        #expect(requests.map(\.typeURL) == [policies, addresses])
        #expect(requests.allSatisfy { $0.node == Self.node && $0.resourceNamesSubscribe.isEmpty })
        #expect(requests.allSatisfy { $0.initialResourceVersions.isEmpty && $0.responseNonce.isEmpty })
    }

    @Test func acknowledgesWithTheNonceAndWithoutTheNode() {
        let client = self.client()
        _ = client.streamOpened()
        let update = client.receive(response("n1", [("a", 1)], removed: ["b"]))
        #expect(update.resources == [.init(name: "a", version: "v1", bytes: [1])])
        #expect(update.removed == ["b"])
        #expect(client.acknowledge(update) == ack("n1"))
        #expect(client.count(of: addresses) == 1)
    }

    @Test func isSyncedAfterTheFirstResponseOfEachType() {
        let client = self.client()
        _ = client.streamOpened()
        #expect(!client.isSynced)
        _ = client.acknowledge(client.receive(response("1", type: policies)))
        #expect(!client.isSynced)
        let bad = client.receive(response("2", [("a", 1), ("b", 1)]))
        #expect(!client.isSynced, "not before it was applied")
        _ = client.acknowledge(bad, rejected: [XDSRejection(name: "a", reason: "bad")])
        #expect(client.isSynced, "one bad resource must not keep us from serving")
        var random = SeededGenerator(state: 1)
        _ = client.streamEnded(.failed, random: &random)
        #expect(client.isSynced, "and stays so without the control plane")
    }

    @Test func aRequestThatWouldBeTooLargeListsNoVersionsAndFindsWhatIsGoneLater() {
        let client = self.client()
        client.machine.maximumVersionBytes = 3 * 18
        var random = SeededGenerator(state: 1)
        _ = client.streamOpened()
        _ = client.acknowledge(client.receive(response("1", [("a", 1)])))
        _ = client.streamEnded(.routine, random: &random)
        #expect(client.streamOpened()[1].initialResourceVersions == ["a": "v1"])
        #expect(!client.machine.needsSweep)
        let more = client.receive(response("2", [("b", 1), ("c", 1), ("d", 1)]))
        _ = client.acknowledge(more, rejected: [.init(name: "d", reason: "x")])
        _ = client.streamEnded(.routine, random: &random)
        #expect(client.streamOpened()[1].initialResourceVersions.isEmpty)
        #expect(client.machine.needsSweep)
        _ = client.acknowledge(client.receive(response("3", [("a", 1)], removed: ["b"])))
        #expect(client.machine.sweep().map(\.removed) == [["c", "d"]])
        #expect(client.count(of: addresses) == 1)
        #expect(!client.machine.needsSweep && client.machine.sweep().isEmpty)
        _ = client.streamEnded(.routine, random: &random)
        #expect(client.streamOpened()[1].initialResourceVersions == ["a": "v1"])
    }

    @Test func aStreamThatEndsBeforeTheSweepForgetsNothing() {
        let client = self.client()
        client.machine.maximumVersionBytes = 0
        var random = SeededGenerator(state: 1)
        _ = client.streamOpened()
        _ = client.acknowledge(client.receive(response("1", [("a", 1), ("b", 1)])))
        for _ in 0..<2 {
            _ = client.streamEnded(.failed, random: &random)
            #expect(client.streamOpened()[1].initialResourceVersions.isEmpty)
            _ = client.acknowledge(client.receive(response("2", [("a", 2)])))
        }
        #expect(client.count(of: addresses) == 2)
        #expect(client.machine.sweep().map(\.removed) == [["b"]])
    }

    @Test func aReconnectSaysWhatIsHeld() {
        let client = self.client()
        var random = SeededGenerator(state: 1)
        _ = client.streamOpened()
        _ = client.acknowledge(client.receive(response("1", [("a", 1), ("b", 1), ("c", 1)])))
        let second = client.receive(response("2", [("b", 2), ("d", 2)], removed: ["c"]))
        _ = client.acknowledge(second, rejected: [.init(name: "b", reason: "x"), .init(name: "d", reason: "y")])
        _ = client.streamEnded(.completed, random: &random)
        // b is still in use in its old version, so it is listed without one; of d the owner knows that it was rejected,
        // and must learn of its removal.
        #expect(client.streamOpened()[1].initialResourceVersions == ["a": "v1", "b": "", "d": ""])
        _ = client.acknowledge(client.receive(response("3", removed: ["d"])))
        _ = client.streamEnded(.completed, random: &random)
        #expect(client.streamOpened()[1].initialResourceVersions == ["a": "v1", "b": ""])
    }

    @Test func rejectionsAreIndependentAndNamed() {
        let client = self.client()
        _ = client.streamOpened()
        var message = response("1", [("a", 1), ("b", 1), ("", 1)])
        message.resources.append(.with { $0.name = "empty" })
        message.resources.append(
            .with {
                $0.name = "foreign"
                $0.resource = .with { $0.typeURL = "other" }
            }
        )
        let update = client.receive(message)
        #expect(update.resources.map(\.name) == ["a", "b"])
        let nack = client.acknowledge(update, rejected: [XDSRejection(name: "b", reason: "bad port")])
        #expect(nack.responseNonce == "1")
        #expect(
            nack.errorDetail?.message
                == ": it has no name or no content; empty: it has no name or no content; "
                + "foreign: its type is other, not \(addresses); b: bad port"
        )
        #expect(client.count(of: addresses) == 1)
    }

    @Test func theTextOfARejectionIsBounded() throws {
        let client = self.client()
        _ = client.streamOpened()
        let update = client.receive(response("1"))
        let many = (0..<10000).map { XDSRejection(name: "resource-\($0)", reason: "bad") }
        let text = try #require(client.acknowledge(update, rejected: many).errorDetail?.message)
        #expect(text.utf8.count < client.machine.maximumErrorBytes + 32)
        #expect(text.hasSuffix(" more"))
    }

    @Test func ofOneNameInAResponseTheLastCounts() {
        let client = self.client()
        _ = client.streamOpened()
        let update = client.receive(response("1", [("a", 1), ("b", 1), ("a", 2)]))
        #expect(update.resources.map(\.version) == ["v2", "v1"])
    }

    @Test func theNumberOfNamesIsBounded() {
        let client = self.client(.onDemand)
        client.machine.maximumNames = 2
        _ = client.streamOpened()
        let update = client.receive(response("1", [("a", 1), ("b", 1), ("c", 1)]))
        #expect(update.resources.count == 2)
        #expect(client.acknowledge(update).errorDetail?.message == "c: more than 2 resources")
        #expect(client.receive(response("2", [("a", 2)])).resources.count == 1, "one that is held may change")
        #expect(client.subscribe(["x", "y", "z"], to: addresses)?.resourceNamesSubscribe == ["x", "y"])
        #expect(client.subscribe(["z"], to: addresses) == nil)
    }

    @Test func unknownTypesAreAcknowledged() {
        let client = self.client()
        let update = client.receive(response("1", [("a", 1)], type: "strange"))
        #expect(update.resources.isEmpty)
        #expect(client.acknowledge(update) == ack("1", "strange"))
    }

    @Test func onDemandSubscribesToNamesOnly() {
        let client = self.client(.onDemand)
        #expect(client.subscribe(["net/10.0.0.1"], to: addresses) == nil, "no stream yet")
        let initial = client.streamOpened()[1]
        #expect(initial.resourceNamesSubscribe == ["*", "net/10.0.0.1"])
        #expect(initial.resourceNamesUnsubscribe == ["*"])
        #expect(initial.initialResourceVersions == ["net/10.0.0.1": ""])
        #expect(client.subscribe(["net/10.0.0.1", "*", ""], to: addresses) == nil)
        #expect(client.subscribe(["b", "a"], to: addresses)?.resourceNamesSubscribe == ["a", "b"])
        #expect(client.subscribe(["x"], to: policies) == nil, "a wildcard type has no names")

        var found = response("1", [("uid", 1)], removed: ["b"])
        found.resources[0].aliases = ["net/10.0.0.1"]
        let update = client.receive(found)
        #expect(update.answered == ["b", "net/10.0.0.1"])
        _ = client.acknowledge(update)
        #expect(client.receive(found).answered.isEmpty)

        #expect(client.unsubscribe(["b", "never"], from: addresses)?.resourceNamesUnsubscribe == ["b"])
        var random = SeededGenerator(state: 1)
        _ = client.streamEnded(.routine, random: &random)
        let again = client.streamOpened()[1]
        #expect(again.resourceNamesSubscribe == ["*", "a", "net/10.0.0.1"])
        #expect(again.initialResourceVersions == ["uid": "v1", "a": ""])
    }

    @Test func streamsThatBringNothingAreNoSuccessHoweverTheyEnd() {
        let client = self.client()
        var random = SeededGenerator(state: 1)
        var longest = Duration.zero
        for _ in 0..<20 {
            _ = client.streamOpened()
            longest = max(longest, client.streamEnded(.routine, random: &random))
        }
        #expect(longest > .seconds(5))
    }

    @Test func waitsLongerOnlyWhileNothingArrives() {
        let client = self.client()
        var random = SeededGenerator(state: 5)
        var longest = Duration.zero
        for _ in 0..<40 { longest = max(longest, client.streamEnded(.notConnected, random: &random)) }
        #expect(longest > .seconds(5))
        _ = client.streamOpened()
        _ = client.receive(response("1"))
        let wait = client.streamEnded(.failed, random: &random)
        #expect(wait <= .milliseconds(250))
    }
}

/// A client behind a reference, as a macro's argument cannot change a value.
private final class HeldClient {
    var machine: DeltaClient

    init(_ machine: DeltaClient) { self.machine = machine }

    var isSynced: Bool { self.machine.isSynced }
    func count(of type: String) -> Int { self.machine.count(of: type) }
    func streamOpened() -> [Request] { self.machine.streamOpened() }
    func subscribe(_ names: [String], to type: String) -> Request? { self.machine.subscribe(names, to: type) }
    func unsubscribe(_ names: [String], from type: String) -> Request? { self.machine.unsubscribe(names, from: type) }
    func receive(_ response: Response) -> XDSUpdate { self.machine.receive(response) }

    func acknowledge(_ update: XDSUpdate, rejected: [XDSRejection] = []) -> Request {
        self.machine.acknowledge(update, rejected: rejected)
    }

    func streamEnded(_ end: XDSStreamEnd, random: inout SeededGenerator) -> Duration {
        self.machine.streamEnded(end, random: &random)
    }
}

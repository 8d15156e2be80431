import MeshProtos
import Testing

@testable import MeshXDS

/// A class, as a macro's argument cannot change a value.
@Suite final class DeltaServerStreamTests {
    private var catalog = ResourceCatalog()
    private var stream = DeltaServerStream(id: "s")

    private func names(_ response: Response?) -> [String]? { response?.resources.map(\.name) }

    private func receive(_ request: Request) throws -> [Response] {
        try self.stream.receive(request, catalog: self.catalog)
    }

    private func pushes() throws -> [Response] { try self.stream.pushes(self.catalog) }

    @Test func theFirstRequestMustNameTheNode() {
        #expect(throws: XDSStreamError.nodeMissing) { try self.receive(ack("")) }
        #expect(XDSStreamError.nodeMissing.grpcStatus == 3)
    }

    @Test("all resources, also if there are none", arguments: [[], ["*"]])
    func wildcard(_ subscribe: [String]) throws {
        let empty = try self.receive(first(subscribe: subscribe))
        #expect(empty.count == 1)
        #expect(empty[0].resources.isEmpty)
        #expect(try self.receive(ack(empty[0].nonce)).isEmpty)
        self.catalog.update(addresses, upserts: [resource("b", 1, aliases: ["n/1"]), resource("a", 2)])
        let push = try self.pushes()
        #expect(self.names(push.first) == ["a", "b"])
        #expect(push[0].resources[1].version == ContentHash.version(of: [1]))
        #expect(
            push[0].resources[1].resource
                == .with {
                    $0.typeURL = addresses
                    $0.value = [1]
                }
        )
        #expect(push[0].resources[1].aliases.isEmpty)
        #expect(self.stream.status[0].names == 0, "names are not remembered")
    }

    @Test func onlyChangesAreSent() throws {
        self.catalog.update(addresses, upserts: [resource("a"), resource("b")])
        let initial = try self.receive(first())
        _ = try self.receive(ack(initial[0].nonce))
        self.catalog.update(addresses, upserts: [resource("a")])
        #expect(try self.pushes().isEmpty)
        self.catalog.update(addresses, upserts: [resource("a", 9)], removing: ["b", "never"])
        let push = try self.pushes()
        #expect(self.names(push.first) == ["a"])
        #expect(push[0].removedResources == ["b"])
    }

    @Test func oneResponseOfATypeIsOnItsWay() throws {
        let initial = try self.receive(first())
        self.catalog.update(addresses, upserts: [resource("a")])
        #expect(try self.pushes().isEmpty)
        self.catalog.update(addresses, upserts: [resource("b")])
        self.catalog.update(addresses, upserts: [], removing: ["a"])
        #expect(try self.pushes().isEmpty)
        let merged = try self.receive(ack(initial[0].nonce))
        #expect(merged.count == 1)
        #expect(self.names(merged[0]) == ["b"])
        #expect(merged[0].removedResources == ["a"])
    }

    @Test func staleNoncesAreIgnored() throws {
        let initial = try self.receive(first(subscribe: ["x"]))
        #expect(initial[0].removedResources == ["x"])
        var stale = ack("other")
        stale.resourceNamesSubscribe = ["y"]
        #expect(try self.receive(stale).isEmpty)
        #expect(self.stream.status[0].names == 1)
        #expect(self.stream.status[0].acknowledgedNonce == "")
        _ = try self.receive(ack(initial[0].nonce))
        #expect(self.stream.status[0].acknowledgedNonce == initial[0].nonce)
    }

    @Test func rejectionsAreRecordedAndNotAnsweredByTheSameContent() throws {
        self.catalog.update(addresses, upserts: [resource("a")])
        let initial = try self.receive(first())
        #expect(try self.receive(ack(initial[0].nonce, error: "a: bad")).isEmpty)
        #expect(self.stream.status[0].lastError == "a: bad")
        #expect(self.stream.status[0].acknowledgedNonce == "")
        self.catalog.update(addresses, upserts: [resource("a", 2)])
        let next = try self.pushes()
        #expect(self.names(next.first) == ["a"])
        _ = try self.receive(ack(next[0].nonce))
        #expect(self.stream.status[0].lastError == nil)
    }

    @Test func aReconnectBringsTheDifference() throws {
        self.catalog.update(addresses, upserts: [resource("same"), resource("changed", 2), resource("new")])
        let versions = [
            "same": resource("same").version, "changed": resource("changed", 1).version, "gone": "x", "pending": "",
        ]
        let answer = try self.receive(first(versions: versions))
        #expect(self.names(answer.first) == ["changed", "new"])
        #expect(answer[0].removedResources == ["gone", "pending"])
    }

    @Test func onDemandSendsWhatIsAskedFor() throws {
        self.catalog.update(
            addresses,
            upserts: [resource("uid", 1, aliases: ["net/10.0.0.1"]), resource("ns/host", 1), resource("other", 1)]
        )
        #expect(try self.receive(first(subscribe: ["*"], unsubscribe: ["*"])).isEmpty, "nothing was asked for")
        var ask = ack("")
        ask.resourceNamesSubscribe = ["net/10.0.0.1", "ns/host", "net/9.9.9.9"]
        let answer = try self.receive(ask)
        #expect(self.names(answer.first) == ["ns/host", "uid"])
        #expect(answer[0].resources[1].aliases == ["net/10.0.0.1"])
        #expect(answer[0].removedResources == ["net/9.9.9.9"])
        _ = try self.receive(ack(answer[0].nonce))

        self.catalog.update(addresses, upserts: [resource("other", 2)])
        #expect(try self.pushes().isEmpty)
        self.catalog.update(addresses, upserts: [resource("late", 1, aliases: ["net/9.9.9.9"])], removing: ["uid"])
        let push = try self.pushes()
        #expect(self.names(push.first) == ["late"])
        #expect(push[0].removedResources == ["uid"])
        _ = try self.receive(ack(push[0].nonce))

        var drop = ack("")
        drop.resourceNamesUnsubscribe = ["net/9.9.9.9"]
        #expect(try self.receive(drop).isEmpty)
        self.catalog.update(addresses, upserts: [resource("late", 5, aliases: ["net/9.9.9.9"])])
        #expect(try self.pushes().isEmpty)
    }

    @Test func aSubscriptionDuringAPushIsAnsweredAfterIt() throws {
        self.catalog.update(addresses, upserts: [resource("a"), resource("b")])
        let initial = try self.receive(first(subscribe: ["a"]))
        var ask = ack("")
        ask.resourceNamesSubscribe = ["b"]
        #expect(try self.receive(ask).isEmpty)
        #expect(self.names(try self.receive(ack(initial[0].nonce)).first) == ["b"])
    }

    @Test func onDemandReconnectListsWhatIsHeldAndPending() throws {
        self.catalog.update(addresses, upserts: [resource("held"), resource("waited", 1, aliases: ["n/1"])])
        let answer = try self.receive(
            first(
                subscribe: ["*", "n/1"],
                unsubscribe: ["*"],
                versions: ["held": resource("held").version, "gone": "x", "n/1": ""]
            )
        )
        #expect(self.names(answer.first) == ["waited"])
        #expect(answer[0].removedResources == ["gone"])
    }

    @Test func namesMayBecomeAWildcardAndBack() throws {
        self.catalog.update(addresses, upserts: [resource("a"), resource("b")])
        var answer = try self.receive(first(subscribe: ["a"]))
        var ask = ack(answer[0].nonce)
        ask.resourceNamesSubscribe = ["*"]
        answer = try self.receive(ask)
        #expect(self.names(answer.first) == ["a", "b"])
        ask = ack(answer[0].nonce)
        ask.resourceNamesSubscribe = []
        ask.resourceNamesUnsubscribe = ["*"]
        #expect(try self.receive(ask).isEmpty)
        self.catalog.update(addresses, upserts: [resource("b", 3)])
        #expect(try self.pushes().isEmpty)
    }

    @Test func policiesGoBeforeAddressesAndLeaveAfterThem() throws {
        let initial = try self.receive(first(addresses)) + self.receive(first(policies))
        try #require(initial.map(\.typeURL) == [addresses, policies])
        self.catalog.update(policies, upserts: [resource("p")])
        self.catalog.update(addresses, upserts: [resource("w", 1)])
        // The policy cannot be sent yet, so the workload that may list it waits.
        #expect(try self.receive(ack(initial[0].nonce, addresses)).isEmpty)
        let both = try self.receive(ack(initial[1].nonce, policies))
        try #require(both.map(\.typeURL) == [policies, addresses])
        #expect(try self.receive(ack(both[0].nonce, policies)).isEmpty)

        // The workload lets go of the policy, which goes: not before the workload was told.
        self.catalog.update(policies, upserts: [], removing: ["p"])
        self.catalog.update(addresses, upserts: [resource("w", 2)])
        #expect(try self.pushes().isEmpty)
        let order = try self.receive(ack(both[1].nonce, addresses))
        try #require(order.map(\.typeURL) == [addresses, policies])
        #expect(order[1].removedResources == ["p"])
    }

    @Test func aClientWithoutAddressesGetsPolicyRemovals() throws {
        let initial = try self.receive(first(policies, versions: ["old": "1"]))
        #expect(initial[0].removedResources.isEmpty)
        let next = try self.receive(ack(initial[0].nonce, policies))
        #expect(next.first?.removedResources == ["old"])
    }

    @Test func aStreamThatFallsTooFarBehindEnds() throws {
        var catalog = ResourceCatalog(logLimit: 10)
        var stream = DeltaServerStream(id: "s")
        _ = try stream.receive(first(), catalog: catalog)
        for number in 0..<10 { catalog.update(addresses, upserts: [resource("r\(number)")]) }
        #expect(throws: Never.self) { try stream.pushes(catalog) }
        for number in 10..<40 { catalog.update(addresses, upserts: [resource("r\(number)")]) }
        #expect(throws: XDSStreamError.tooFarBehind) { try stream.pushes(catalog) }
    }

    @Test func typesAndNamesAreBounded() throws {
        var limits = XDSStreamLimits()
        limits.types = 1
        limits.names = 2
        let catalog = ResourceCatalog()
        var stream = DeltaServerStream(id: "s", limits: limits)
        _ = try stream.receive(first(subscribe: ["a", "b"]), catalog: catalog)
        #expect(throws: XDSStreamError.tooManyTypes) { try stream.receive(first(policies), catalog: catalog) }
        var more = ack("")
        more.resourceNamesSubscribe = ["c"]
        #expect(throws: XDSStreamError.tooManyNames) { try stream.receive(more, catalog: catalog) }
        var other = DeltaServerStream(id: "t", limits: limits)
        let versions = ["a": "", "b": "", "c": ""]
        #expect(throws: XDSStreamError.tooManyNames) { try other.receive(first(versions: versions), catalog: catalog) }
    }

    @Test func noncesOfTwoStreamsDiffer() throws {
        var one = DeltaServerStream(id: "one")
        var two = DeltaServerStream(id: "two")
        let catalog = ResourceCatalog()
        let responses = try one.receive(first(), catalog: catalog) + two.receive(first(), catalog: catalog)
        #expect(responses[0].nonce != responses[1].nonce)
    }
}

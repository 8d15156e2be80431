import MeshProtos
import Testing

@testable import MeshXDS

/// A class, as a macro's argument cannot change a value.
@Suite final class DeltaServerStreamTests {
    private var catalog = ResourceCatalog()
    private var stream = DeltaServerStream(id: "s")

    private func names(_ response: Response?) -> [String]? { response?.resources.map(\.name) }

    private func receive(_ request: Request) throws -> [Response] {
        try self.stream.receive(request, catalog: self.catalog, at: 7).map { try $0.message }
    }

    private func pushes() throws -> [Response] { try self.stream.pushes(self.catalog, at: 8).map { try $0.message } }

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

    @Test func aStreamThatFallsBehindTheLogGetsWhatIsMissing() throws {
        var catalog = ResourceCatalog(logLimit: 10)
        catalog.update(addresses, upserts: (0..<5).map { resource("old\($0)") })
        var stream = DeltaServerStream(id: "s")
        let initial = try stream.receive(first(), catalog: catalog, at: 0)
        for number in 0..<40 { catalog.update(addresses, upserts: [resource("r\(number)")]) }
        catalog.update(addresses, upserts: [], removing: ["old1", "r7"])
        let answer = try stream.receive(ack(try #require(initial.first).nonce), catalog: catalog, at: 0)
        let push = try #require(answer.first)
        #expect(Set(try push.message.resources.map(\.name)) == Set((0..<40).filter { $0 != 7 }.map { "r\($0)" }))
        #expect(Set(try push.message.removedResources) == ["old1", "r7"])
    }

    @Test func aStreamThatFallsBehindTheRemovalsEnds() throws {
        var catalog = ResourceCatalog(logLimit: 10)
        catalog.update(addresses, upserts: (0..<40).map { resource("r\($0)") })
        var stream = DeltaServerStream(id: "s")
        _ = try stream.receive(first(), catalog: catalog, at: 0)
        for number in 0..<10 { catalog.update(addresses, upserts: [], removing: ["r\(number)"]) }
        #expect(throws: Never.self) { try stream.pushes(catalog, at: 0) }
        for number in 10..<30 { catalog.update(addresses, upserts: [], removing: ["r\(number)"]) }
        #expect(throws: XDSStreamError.tooFarBehind) { try stream.pushes(catalog, at: 0) }
    }

    @Test func typesAndNamesAreBounded() throws {
        var limits = XDSStreamLimits()
        limits.types = 1
        limits.names = 2
        let catalog = ResourceCatalog()
        var stream = DeltaServerStream(id: "s", limits: limits)
        _ = try stream.receive(first(subscribe: ["a", "b"]), catalog: catalog, at: 0)
        #expect(throws: XDSStreamError.tooManyTypes) { try stream.receive(first(policies), catalog: catalog, at: 0) }
        var more = ack("")
        more.resourceNamesSubscribe = ["c"]
        #expect(throws: XDSStreamError.tooManyNames) { try stream.receive(more, catalog: catalog, at: 0) }
        var other = DeltaServerStream(id: "t", limits: limits)
        let versions = ["a": "", "b": "", "c": ""]
        #expect(throws: XDSStreamError.tooManyNames, "on demand they are followed too") {
            try other.receive(first(subscribe: ["a"], versions: versions), catalog: catalog, at: 0)
        }
        var wildcard = DeltaServerStream(id: "u", limits: limits)
        #expect(throws: Never.self) { try wildcard.receive(first(versions: versions), catalog: catalog, at: 0) }
        limits.versions = 2
        var listing = DeltaServerStream(id: "v", limits: limits)
        #expect(throws: XDSStreamError.tooManyNames) {
            try listing.receive(first(versions: versions), catalog: catalog, at: 0)
        }
    }

    @Test func aRejectionSaysWhatItWasAbout() throws {
        self.catalog.update(addresses, upserts: (0..<40).map { resource("r\($0 / 10)\($0 % 10)") })
        let initial = try self.receive(first())
        #expect(self.stream.status[0].sentVersion == "1")
        #expect(self.stream.status[0].sentTime == 7)
        let text = "r07: bad " + String(repeating: "ü", count: 600)
        _ = try self.receive(ack(initial[0].nonce, error: text))
        let rejection = try #require(self.stream.status[0].rejection)
        #expect(rejection.message.utf8.count == 511, "whole characters only")
        #expect(text.hasPrefix(rejection.message))
        #expect(rejection.nonce == initial[0].nonce)
        #expect(rejection.time == 7)
        #expect(rejection.names == (0..<16).map { "r\($0 / 10)\($0 % 10)" })
        #expect(rejection.resources == 40)
        #expect(self.stream.status[0].acknowledgedVersion == "")
        self.catalog.update(addresses, upserts: [resource("r00", 1)])
        let next = try self.pushes()
        #expect(next[0].systemVersionInfo == "2")
        _ = try self.receive(ack(next[0].nonce))
        #expect(self.stream.status[0].acknowledgedVersion == "2")
        #expect(self.stream.status[0].rejection == nil)
    }

    @Test func wildcardStreamsShareOneEncodingOfAChange() throws {
        var catalog = ResourceCatalog()
        catalog.update(addresses, upserts: [resource("a"), resource("b")])
        var streams = (0..<100).map { DeltaServerStream(id: "\($0)") }
        var nonces: [String] = []
        for index in streams.indices {
            let pushes = try streams[index].receive(first(), catalog: catalog, at: 0)
            #expect(try pushes.first?.message.resources.map(\.name) == ["a", "b"])
            nonces += pushes.map(\.nonce)
        }
        #expect(catalog.sharedEncodings == 1)
        for index in streams.indices {
            #expect(try streams[index].receive(ack(nonces[index]), catalog: catalog, at: 0).isEmpty)
        }
        catalog.update(addresses, upserts: [resource("a", 1)], removing: ["b"])
        for index in streams.indices {
            let push = try #require(try streams[index].pushes(catalog, at: 0).first).message
            #expect(push.resources.map(\.name) == ["a"])
            #expect(push.removedResources == ["b"])
            nonces[index] = push.nonce
        }
        #expect(catalog.sharedEncodings == 2)
        // Those that are busy meanwhile share what brings them up again.
        for number in UInt8(2)..<6 {
            catalog.update(addresses, upserts: [resource("c", number)])
            for index in streams.indices { #expect(try streams[index].pushes(catalog, at: 0).isEmpty) }
        }
        for index in streams.indices {
            let pushes = try streams[index].receive(ack(nonces[index]), catalog: catalog, at: 0)
            let push = try #require(pushes.first)
            #expect(try push.message.resources.map(\.name) == ["c"])
        }
        #expect(catalog.sharedEncodings == 3)
    }

    @Test func aCopyOfACatalogThatChangesOtherwiseSharesNothing() throws {
        var one = ResourceCatalog()
        one.update(addresses, upserts: [resource("a")])
        var two = one
        one.update(addresses, upserts: [resource("b")])
        two.update(addresses, upserts: [resource("c")])
        var streams = [DeltaServerStream(id: "1"), DeltaServerStream(id: "2")]
        let left = try streams[0].receive(first(), catalog: one, at: 0)
        #expect(try left[0].message.resources.map(\.name) == ["a", "b"])
        let right = try streams[1].receive(first(), catalog: two, at: 0)
        #expect(try right[0].message.resources.map(\.name) == ["a", "c"])
    }

    @Test func aWildcardStreamCostsTheSameWhateverTheMesh() throws {
        func footprint(_ count: Int) throws -> (names: Int, rest: Int) {
            var catalog = ResourceCatalog()
            catalog.update(addresses, upserts: (0..<count).map { resource("name-\($0)") })
            var stream = DeltaServerStream(id: "s")
            let pushes = try stream.receive(first(), catalog: catalog, at: 0)
            _ = try stream.receive(ack(pushes[0].nonce), catalog: catalog, at: 0)
            var text = ""
            dump(stream, to: &text)
            return (text.components(of: "name-"), text.utf8.count)
        }
        let small = try footprint(10)
        let large = try footprint(5000)
        #expect(large.names <= ResourceSection.samples)
        #expect(abs(large.rest - small.rest) < 200, "everything that the stream holds, written out")
    }

    @Test func onDemandBringsAServicesWorkloadsAndThoseOfTheNode() throws {
        let node: @Sendable (EnvoyDiscovery.Node) -> String? = { "node/\($0.cluster)" }
        var stream = DeltaServerStream(id: "s", parentKey: node)
        var catalog = ResourceCatalog()
        func workload(_ name: String, _ content: UInt8 = 0, _ parents: [String]) -> ResourceCatalog.Resource {
            ResourceCatalog.Resource(name: name, bytes: [content], parents: parents)
        }
        catalog.update(
            addresses,
            upserts: [
                resource("ns/shop", aliases: ["n/240.0.0.1"]), workload("w1", 0, ["ns/shop", "node/a"]),
                workload("w2", 0, ["ns/shop", "node/b"]), workload("w3", 0, ["ns/other", "node/a"]),
                workload("w4", 0, ["ns/other", "node/b"]),
            ]
        )
        var request = first(subscribe: ["*"], unsubscribe: ["*"])
        request.node?.cluster = "a"
        var push = try #require(try stream.receive(request, catalog: catalog, at: 0).first).message
        #expect(push.resources.map(\.name) == ["w1", "w3"], "its own node's, unasked")
        var ask = ack(push.nonce)
        ask.resourceNamesSubscribe = ["n/240.0.0.1"]
        push = try #require(try stream.receive(ask, catalog: catalog, at: 0).first).message
        #expect(push.resources.map(\.name) == ["ns/shop", "w2"], "a service brings its workloads; w1 is there already")
        #expect(try stream.receive(ack(push.nonce), catalog: catalog, at: 0).isEmpty)

        catalog.update(
            addresses,
            upserts: [workload("w5", 0, ["ns/shop"]), workload("w6", 0, ["ns/other"]), workload("w7", 0, ["node/a"])]
        )
        push = try #require(try stream.pushes(catalog, at: 0).first).message
        #expect(push.resources.map(\.name) == ["w5", "w7"])
        var drop = ack(push.nonce)
        drop.resourceNamesUnsubscribe = ["n/240.0.0.1"]
        #expect(try stream.receive(drop, catalog: catalog, at: 0).isEmpty)
        catalog.update(addresses, upserts: [], removing: ["w2", "w5"])
        #expect(try stream.pushes(catalog, at: 0).isEmpty, "no longer followed")
        catalog.update(addresses, upserts: [], removing: ["w1"])
        push = try #require(try stream.pushes(catalog, at: 0).first).message
        #expect(push.removedResources == ["w1"])
    }

    @Test func theFirstAddressesMayWaitForThePoliciesToBeAskedFor() throws {
        var stream = DeltaServerStream(id: "s", awaitsCompanions: true)
        self.catalog.update(policies, upserts: [resource("p")])
        self.catalog.update(addresses, upserts: [resource("w")])
        #expect(try stream.receive(first(addresses), catalog: self.catalog, at: 0).isEmpty)
        #expect(stream.isAwaiting)
        let both = try stream.receive(first(policies), catalog: self.catalog, at: 0)
        #expect(both.map(\.typeURL) == [policies, addresses])
        #expect(!stream.isAwaiting)

        var alone = DeltaServerStream(id: "t", awaitsCompanions: true)
        #expect(try alone.receive(first(addresses), catalog: self.catalog, at: 0).isEmpty)
        alone.stopAwaiting()
        #expect(!alone.isAwaiting)
        #expect(try alone.pushes(self.catalog, at: 0).map(\.typeURL) == [addresses])
    }

    @Test func namesAreBoundedInLength() throws {
        var limits = XDSStreamLimits()
        limits.nameBytes = 60
        let long = String(repeating: "x", count: 61)
        for request in [
            first(subscribe: [long]), first(subscribe: ["a"], unsubscribe: [long]), first(versions: [long: ""]),
            first(versions: ["a": long]), first(long),
        ] {
            var stream = DeltaServerStream(id: "s", limits: limits)
            #expect(throws: XDSStreamError.nameTooLong) {
                try stream.receive(request, catalog: ResourceCatalog(), at: 0)
            }
        }
        var stream = DeltaServerStream(id: "s", limits: limits)
        let fitting = first(subscribe: [String(repeating: "x", count: 60)])
        #expect(throws: Never.self) { try stream.receive(fitting, catalog: ResourceCatalog(), at: 0) }
    }

    @Test func noncesOfTwoStreamsDiffer() throws {
        var one = DeltaServerStream(id: "one")
        var two = DeltaServerStream(id: "two")
        let catalog = ResourceCatalog()
        let responses =
            try one.receive(first(), catalog: catalog, at: 0) + two.receive(first(), catalog: catalog, at: 0)
        #expect(responses[0].nonce != responses[1].nonce)
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(of part: String) -> Int {
        self.split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}

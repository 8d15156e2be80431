import MeshModel
import MeshProtos
import MeshTelemetry
import Testing

@testable import HTTPRouting

@Suite("What is left to chance")
struct DrawTests {
    typealias F = RouteFixture

    @Test("M21 MeshHTTPRouteWeight, G29, I138: shares follow the weights")
    func weights() {
        let table = F.table(F.forward([("v1", 70), ("v2", 30), ("v3", 0)]))
        var counts: [String: Int] = [:]
        for seed in UInt64(0)..<2000 { counts[table.goes(F.request(), seed: seed), default: 0] += 1 }
        #expect(Set(counts.keys) == ["v1", "v2"])
        // Within five deviations of 2,000 draws.
        #expect((1298...1502).contains(counts["v1"] ?? 0))
    }

    @Test("draws every place in proportion, whatever the weights")
    func edges() {
        var generator = SeededGenerator(seed: 7)
        #expect(WeightedDraw([]).draw(using: &generator) == nil)
        #expect(WeightedDraw([0, 0]).draw(using: &generator) == nil)
        #expect(WeightedDraw([5]).draw(using: &generator) == 0)
        #expect(WeightedDraw([0, 5, 0]).draw(using: &generator) == 1)
        #expect(WeightedDraw([.max, .max, .max]).draw(using: &generator) != nil)
    }

    @Test("G15: the headers are those of the backend that was drawn")
    func headersOfBackend() {
        var action = F.forward([("v1", 1), ("v2", 1)])
        for (place, name) in ["one", "two"].enumerated() {
            action.forward?.clusters[place].requestHeaders = HeaderEditTests.changes(set: [("backend", name)])
        }
        let table = F.table(action)
        for seed in UInt64(0)..<20 {
            guard case .forward(let forwarding) = table.decide(F.request(), seed: seed) else { continue }
            var head = HTTPRequestHead(method: "GET", authority: "echo", path: "/")
            forwarding.apply(to: &head)
            #expect(head.fields.first(named: "backend") == (forwarding.cluster == 0 ? "one" : "two"))
        }
    }

    @Test("a session's destination is not drawn, unless it gets nothing at all")
    func sessions() throws {
        let action = F.forward([("v1", 1), ("v2", 99), ("v3", 0)])
        let choice = try #require(F.table(action).match(F.request()))
        func cluster(keeping place: Int, seed: UInt64) -> Int? {
            var generator = SeededGenerator(seed: seed)
            let outcome = choice.decide(F.request(), keeping: { $0 == place }, using: &generator)
            guard case .forward(let forwarding) = outcome else { return nil }
            return forwarding.cluster
        }
        for seed in UInt64(0)..<20 {
            #expect(cluster(keeping: 0, seed: seed) == 0)
            #expect(cluster(keeping: 1, seed: seed) == 1)
            #expect(cluster(keeping: 2, seed: seed) != 2)
        }
    }

    private static func mirror(_ cluster: String, _ fraction: UInt32) -> TulleL7.Mirror {
        var mirror = TulleL7.Mirror()
        mirror.cluster = cluster
        mirror.fraction = fraction
        return mirror
    }

    @Test("G19 mirrors: several, each with its share")
    func mirrors() throws {
        var action = F.forward("v1")
        action.mirrors = [
            Self.mirror("v2", 1_000_000), Self.mirror("v3", 200_000), Self.mirror("v4", 0),
            Self.mirror("nowhere", 1_000_000),
        ]
        let choice = try #require(F.table(action).match(F.request()))
        var generator = SeededGenerator(seed: 3)
        var counts = [0, 0, 0, 0]
        for _ in 0..<2000 { for place in choice.action.drawMirrors(using: &generator) { counts[place] += 1 } }
        #expect(counts[1] == 2000)
        #expect((310...490).contains(counts[2]))
        #expect(counts[0] == 0 && counts[3] == 0)
    }

    @Test("no mirror takes no random number")
    func noMirrors() throws {
        let choice = try #require(F.table(F.forward("v1")).match(F.request()))
        var generator = SeededGenerator(seed: 3)
        #expect(choice.action.drawMirrors(using: &generator).isEmpty)
        #expect(choice.action.drawFault(using: &generator) == .none)
        var fresh = SeededGenerator(seed: 3)
        #expect(generator.next() == fresh.next())
    }

    private static func fault(
        delay: (UInt32, UInt32) = (0, 0),
        abort: UInt32 = 0,
        http: UInt32 = 0,
        grpc: UInt32? = nil
    ) throws -> FaultPlan {
        var fault = TulleL7.Fault()
        fault.delayFraction = delay.0
        fault.delayMilliseconds = delay.1
        fault.abortFraction = abort
        fault.httpStatus = http
        fault.grpcStatusPlusOne = grpc.map { $0 + 1 } ?? 0
        return try FaultPlan(fault)
    }

    @Test("I135 abort 418")
    func abort() throws {
        var generator = SeededGenerator(seed: 1)
        let draw = try Self.fault(abort: 1_000_000, http: 418).draw(using: &generator)
        let abort = try #require(draw.abort)
        #expect(abort.status == 418)
        #expect(abort.body == Array("fault filter abort".utf8))
        #expect(draw.flags == .faultInjected)
        #expect(draw.delayMilliseconds == nil)
    }

    @Test("I136 abort gRPC UNAVAILABLE")
    func abortGRPC() throws {
        var generator = SeededGenerator(seed: 1)
        let abort = try #require(try Self.fault(abort: 1_000_000, grpc: 14).draw(using: &generator).abort)
        #expect(abort.head(asGRPC: true).fields.first(named: "grpc-status") == "14")
        #expect(abort.status == 503)
        let ok = try #require(try Self.fault(abort: 1_000_000, grpc: 0).draw(using: &generator).abort)
        #expect(ok.head(asGRPC: true).fields.first(named: "grpc-status") == "0")
        #expect(throws: RouteFault.status(17)) { try Self.fault(abort: 1, grpc: 17) }
    }

    @Test("delay and abort are drawn apart, each in its share")
    func independent() throws {
        let plan = try Self.fault(delay: (500_000, 100), abort: 250_000, http: 500)
        var generator = SeededGenerator(seed: 11)
        var (delays, aborts, both) = (0, 0, 0)
        for _ in 0..<4000 {
            let draw = plan.draw(using: &generator)
            if draw.delayMilliseconds == 100 { delays += 1 }
            if draw.abort != nil { aborts += 1 }
            if draw.delayMilliseconds != nil, draw.abort?.flags == [.faultInjected, .delayInjected] { both += 1 }
        }
        #expect((1840...2160).contains(delays))
        #expect((860...1140).contains(aborts))
        #expect((390...610).contains(both))
    }

    @Test("a ten thousandth of a percent is one in a million")
    func millionths() {
        struct Fixed: RandomNumberGenerator {
            var value: UInt64
            func next() -> UInt64 { self.value }
        }
        // The numbers that become the least and the largest below a million.
        var low = Fixed(value: 1)
        var high = Fixed(value: .max)
        #expect(Fraction.draw(1, using: &low))
        #expect(!Fraction.draw(999_999, using: &high))
        #expect(!Fraction.draw(0, using: &low))
        #expect(Fraction.draw(1_000_000, using: &high))
    }
}

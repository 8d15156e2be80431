import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Limits of a cluster")
struct CircuitLimitsTests {
    private func limits(_ change: (inout TulleL7.ConnectionPool) -> Void) -> CircuitLimits {
        var pool = TulleL7.ConnectionPool()
        change(&pool)
        return CircuitLimits(ClusterLab.settings { $0.pool = pool })
    }

    @Test("R9: one connection, one that waits, and no more")
    func connections() {
        let limits = self.limits {
            $0.maxConnections = 1
            $0.maxPending = 1
        }
        var held = [Place(limits.admitConnection(isFirst: true)), Place(limits.admitPending())]
        #expect(held.allSatisfy { $0.isTaken })
        for _ in 0..<3 {
            #expect(!Place(limits.admitConnection()).isTaken)
            #expect(!Place(limits.admitPending()).isTaken)
        }
        #expect(limits.numbers.refusedPending == 3)
        #expect(limits.numbers.refusedConnections == 3)
        held = []
        #expect(limits.numbers.pending == 0)
        #expect(limits.numbers.connections == 0)
    }

    @Test("R10: the third of two concurrent requests is refused, and a place that is given back is taken again")
    func requests() {
        let limits = self.limits { $0.maxRequests = 2 }
        var held = (0..<2).map { _ in Place(limits.admitRequest(now: 0)) }
        #expect(held.allSatisfy { $0.isTaken })
        #expect(!Place(limits.admitRequest(now: 0)).isTaken)
        #expect(limits.numbers.requests == 2)
        held.removeLast()
        #expect(Place(limits.admitRequest(now: 0)).isTaken)
        held = []
        #expect(limits.numbers.requests == 0)
        #expect(limits.numbers.refusedRequests == 1)
    }

    @Test("an endpoint without connections gets its first one beyond the bound")
    func first() {
        let limits = self.limits { $0.maxConnections = 1 }
        var held = [Place(limits.admitConnection()), Place(limits.admitConnection(isFirst: true))]
        #expect(held.allSatisfy { $0.isTaken })
        #expect(limits.numbers.connections == 2)
        held = []
        #expect(limits.numbers.connections == 0)
    }

    @Test("nothing written bounds nothing, and bounds change while requests are under way")
    func changes() {
        let limits = CircuitLimits(ClusterLab.settings())
        var taken = (0..<100).map { _ in Place(limits.admitRequest(now: 0)) }
        #expect(taken.allSatisfy { $0.isTaken })
        limits.update(
            ClusterLab.settings {
                $0.pool = TulleL7.ConnectionPool()
                $0.pool?.maxRequests = 50
            }
        )
        #expect(!Place(limits.admitRequest(now: 0)).isTaken)
        taken.removeLast(51)
        #expect(Place(limits.admitRequest(now: 0)).isTaken)
        taken = []
        #expect(limits.numbers.requests == 0)
    }

    @Test("no place is lost or given back twice, whatever the order", arguments: [1, 2, 3, 4])
    func sequences(_ seed: UInt64) {
        let limits = self.limits {
            $0.maxRequests = 7
            $0.maxPending = 3
            $0.maxConnections = 5
            $0.maxRetries = 2
        }
        var random = PickRandom(seed)
        var held: [(kind: Int, place: Place)] = []
        for step in 0..<5000 {
            if random.below(2) == 0 {
                let kind = random.below(4)
                let place =
                    switch kind {
                    case 0: Place(limits.admitRequest(now: UInt64(step)))
                    case 1: Place(limits.admitPending())
                    case 2: Place(limits.admitConnection())
                    default: Place(limits.admitRetry(now: UInt64(step)))
                    }
                if place.isTaken { held.append((kind, place)) }
            } else if !held.isEmpty {
                held.remove(at: random.below(held.count))
            }
            let numbers = limits.numbers
            #expect(numbers.requests == held.count { $0.kind == 0 })
            #expect(numbers.pending == held.count { $0.kind == 1 })
            #expect(numbers.connections == held.count { $0.kind == 2 })
            #expect(numbers.retries == held.count { $0.kind == 3 })
            #expect(numbers.requests <= 7 && numbers.pending <= 3 && numbers.connections <= 5 && numbers.retries <= 2)
        }
        held = []
        #expect(limits.numbers.requests + limits.numbers.pending == 0)
        #expect(limits.numbers.connections + limits.numbers.retries == 0)
    }
}

/// Keeps a place in a collection.
final class Place {
    private let admission: Admission?

    init(_ admission: consuming Admission?) { self.admission = admission }

    var isTaken: Bool {
        switch self.admission {
        case .some: true
        case nil: false
        }
    }
}

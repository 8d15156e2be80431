import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

@Suite("Task ledger")
struct TaskLedgerTests {
    private let web: SPIFFEID
    private let other: SPIFFEID

    init() throws {
        self.web = try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/web")
        self.other = try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/other")
    }

    private func served(_ ids: String..., limits: DaemonLimits = DaemonLimits()) -> TaskLedger {
        var ledger = TaskLedger(limits: limits)
        var standings: [String: TaskLedger.Standing] = [:]
        for id in ids { standings[id] = .enrolled(self.web) }
        _ = ledger.reconcile(standings, now: 0)
        for id in ids { ledger.started(id) }
        return ledger
    }

    @Test("tasks that the mesh knows are served; others are left alone")
    func begins() {
        var ledger = TaskLedger(limits: DaemonLimits())
        let (actions, surplus) = ledger.reconcile(
            ["b": .enrolled(self.web), "a": .enrolled(self.other), "c": .unknown, "d": .notOurs],
            now: 0
        )
        #expect(actions == [.start("a", self.other), .start("b", self.web)])
        #expect(surplus.isEmpty)
        #expect(ledger.isStarting)
        ledger.started("a")
        ledger.started("b")
        #expect(ledger.servedCount == 2)
        #expect(ledger.pendingCount == 0)
        #expect(ledger.reconcile(["a": .enrolled(self.other), "b": .enrolled(self.web)], now: 1).actions.isEmpty)
    }

    @Test("a task that becomes known later is served then")
    func becomesKnown() {
        var ledger = TaskLedger(limits: DaemonLimits())
        #expect(ledger.reconcile(["a": .unknown], now: 0).actions.isEmpty)
        #expect(ledger.reconcile(["a": .enrolled(self.web)], now: 1).actions == [.start("a", self.web)])
    }

    @Test("a task that ended is served no longer, and others are not disturbed")
    func ends() {
        var ledger = self.served("a", "b")
        #expect(ledger.reconcile(["b": .enrolled(self.web)], now: 1).actions == [.stop("a", .ended)])
        ledger.stopped("a")
        #expect(ledger.servedCount == 1)
    }

    @Test("a served task that the mesh loses sight of stays served")
    func failStatic() {
        var ledger = self.served("a")
        #expect(ledger.reconcile(["a": .unknown], now: 1).actions.isEmpty)
        #expect(ledger.servedCount == 1)
    }

    @Test("a task that leaves the mesh is released while it runs")
    func leaves() {
        var ledger = self.served("a")
        #expect(ledger.reconcile(["a": .notOurs], now: 1).actions == [.stop("a", .left)])
        #expect(ledger.reconcile(["a": .notOurs], now: 2).actions.isEmpty)
        ledger.stopped("a")
        #expect(ledger.reconcile(["a": .enrolled(self.web)], now: 3).actions == [.start("a", self.web)])
    }

    @Test("a task with another identity is ended, and begun with it once nothing of the old is open")
    func renamed() {
        var ledger = self.served("a")
        #expect(ledger.reconcile(["a": .enrolled(self.other)], now: 1).actions == [.stop("a", .renamed)])
        #expect(ledger.reconcile(["a": .enrolled(self.other)], now: 2).actions.isEmpty)
        ledger.stopped("a")
        #expect(ledger.reconcile(["a": .enrolled(self.other)], now: 3).actions == [.start("a", self.other)])
    }

    @Test("a failed start is tried again after five seconds, as long as the task is there")
    func retries() {
        var ledger = TaskLedger(limits: DaemonLimits())
        let standings: [String: TaskLedger.Standing] = ["a": .enrolled(self.web)]
        _ = ledger.reconcile(standings, now: 0)
        ledger.failed("a", now: 100)
        #expect(ledger.pendingCount == 1)
        #expect(ledger.nextRetry == 5_100)
        #expect(ledger.reconcile(standings, now: 5_099).actions.isEmpty)
        #expect(ledger.reconcile(standings, now: 5_100).actions == [.start("a", self.web)])
        ledger.failed("a", now: 5_200)
        #expect(ledger.reconcile([:], now: 5_300).actions.isEmpty)
        #expect(ledger.pendingCount == 0)
        #expect(ledger.nextRetry == nil)
    }

    @Test("a task that ends while it is begun is ended as soon as it stands")
    func endsWhileStarting() {
        var ledger = TaskLedger(limits: DaemonLimits())
        _ = ledger.reconcile(["a": .enrolled(self.web)], now: 0)
        #expect(ledger.reconcile([:], now: 1).actions.isEmpty)
        ledger.started("a")
        #expect(ledger.reconcile([:], now: 2).actions == [.stop("a", .ended)])
    }

    @Test("tasks beyond the bound are named and left alone until there is room")
    func bound() {
        var limits = DaemonLimits()
        limits.tasks = 2
        var ledger = self.served("a", "b", limits: limits)
        let three: [String: TaskLedger.Standing] = [
            "a": .enrolled(self.web), "b": .enrolled(self.web), "c": .enrolled(self.web),
        ]
        #expect(ledger.reconcile(three, now: 1).surplus == ["c"])
        _ = ledger.reconcile(["b": .enrolled(self.web), "c": .enrolled(self.web)], now: 2)
        ledger.stopped("a")
        #expect(
            ledger.reconcile(["b": .enrolled(self.web), "c": .enrolled(self.web)], now: 3).actions
                == [.start("c", self.web)]
        )
    }
}

import MeshIdentity
import Testing

@Suite("Certificate scheduler")
struct CertificateSchedulerTests {
    typealias Ticket = CertificateScheduler<String>.Ticket

    /// The scheduler by reference, for expectations don't take calls that change a value.
    private final class Scheduler {
        private var machine: CertificateScheduler<String>

        init(limits: CertificateKeeperLimits = CertificateKeeperLimits()) {
            machine = CertificateScheduler(limits: limits)
        }

        var count: Int { machine.count }
        var fetching: Int { machine.fetching }

        func failures(of key: String) -> Int { machine.failures(of: key) }
        func wait(now: CertificateMoment) -> UInt64? { machine.wait(now: now) }
        func next(now: CertificateMoment) -> Ticket? { machine.next(now: now) }

        func want(_ key: String, priority: CertificatePriority, now: CertificateMoment) -> Bool {
            machine.want(key, priority: priority, now: now)
        }

        func hasten(_ key: String, now: CertificateMoment) { machine.hasten(key, now: now) }

        @discardableResult
        func forget(_ key: String) -> Ticket? { machine.forget(key) }

        func succeeded(
            _ ticket: Ticket,
            notBefore: Int64,
            notAfter: Int64,
            now: CertificateMoment,
            chance: Double
        ) -> Duration? {
            machine.succeeded(ticket, notBefore: notBefore, notAfter: notAfter, now: now, chance: chance)
        }

        func failed(_ ticket: Ticket, now: CertificateMoment, chance: Double) -> Duration? {
            machine.failed(ticket, now: now, chance: chance)
        }
    }

    private func at(_ milliseconds: UInt64, _ epochSeconds: Int64 = 1_000_000) -> CertificateMoment {
        CertificateMoment(milliseconds: milliseconds, epochSeconds: epochSeconds)
    }

    /// All fetches that begin now, in order.
    private func begun(_ scheduler: Scheduler, _ now: CertificateMoment) -> [Ticket] {
        var tickets: [Ticket] = []
        while let ticket = scheduler.next(now: now) { tickets.append(ticket) }
        return tickets
    }

    @Test("however many ask for one identity, it is fetched once")
    func oneFetchPerIdentity() throws {
        let scheduler = Scheduler()
        for _ in 0..<100 { #expect(scheduler.want("a", priority: .live, now: at(0))) }
        let tickets = begun(scheduler, at(0))
        #expect(tickets.map(\.key) == ["a"])
        for _ in 0..<100 { #expect(scheduler.want("a", priority: .live, now: at(1))) }
        #expect(begun(scheduler, at(1)).isEmpty)
        let ticket = try #require(tickets.first)
        #expect(scheduler.succeeded(ticket, notBefore: 1_000_000, notAfter: 1_003_600, now: at(2), chance: 0.5) != nil)
        #expect(scheduler.want("a", priority: .live, now: at(3)))
        #expect(begun(scheduler, at(3)).isEmpty)
        #expect(scheduler.count == 1)
    }

    @Test("at most eight are fetched at once, and each end lets another begin")
    func concurrency() throws {
        let scheduler = Scheduler()
        for number in 0..<50 { #expect(scheduler.want("\(number)", priority: .warmUp, now: at(0))) }
        var under = begun(scheduler, at(0))
        #expect(under.map(\.key) == (0..<8).map { "\($0)" })
        #expect(scheduler.wait(now: at(0)) == nil)
        var done = under.count
        while !under.isEmpty {
            let ticket = under.removeFirst()
            if done.isMultiple(of: 2) {
                #expect(scheduler.failed(ticket, now: at(0), chance: 0.5) == .seconds(1))
            } else {
                _ = scheduler.succeeded(ticket, notBefore: 1_000_000, notAfter: 1_003_600, now: at(0), chance: 0.5)
            }
            let more = begun(scheduler, at(0))
            #expect(more.count == (done < 50 ? 1 : 0))
            done += more.count
            under += more
            #expect(scheduler.fetching == under.count)
            #expect(scheduler.fetching <= 8)
        }
        #expect(done == 50)
    }

    @Test("urgent requests overtake warm-ups, and those overtake renewals; equals go in order")
    func priorities() throws {
        var limits = CertificateKeeperLimits()
        limits.fetches = 1
        let scheduler = Scheduler(limits: limits)
        #expect(scheduler.want("old", priority: .warmUp, now: at(0)))
        let old = try #require(scheduler.next(now: at(0)))
        _ = scheduler.succeeded(old, notBefore: 1_000_000, notAfter: 1_000_100, now: at(0), chance: 0.5)
        let later = at(100_000, 1_000_060)
        for key in ["warm 1", "warm 2", "warm 3"] { #expect(scheduler.want(key, priority: .warmUp, now: later)) }
        #expect(scheduler.want("live 1", priority: .live, now: later))
        #expect(scheduler.want("warm 3", priority: .live, now: later))
        var order: [String] = []
        while let ticket = scheduler.next(now: later) {
            order.append(ticket.key)
            _ = scheduler.succeeded(ticket, notBefore: 1_000_060, notAfter: 1_003_600, now: later, chance: 0.5)
        }
        #expect(order == ["warm 3", "live 1", "warm 1", "warm 2", "old"])
    }

    @Test(
        "a renewal is due at half of the life, moved by chance",
        arguments: [(0.0, 1_620), (0.5, 1_800), (1.0, 1_980)]
    )
    func halfLife(_ chance: Double, _ seconds: Int64) throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let ticket = try #require(scheduler.next(now: at(0)))
        let wait = scheduler.succeeded(ticket, notBefore: 1_000_000, notAfter: 1_003_600, now: at(0), chance: chance)
        #expect(wait == .seconds(seconds))
        #expect(scheduler.next(now: at(9, 1_000_000 + seconds - 1)) == nil)
        #expect(scheduler.wait(now: at(9, 1_000_000 + seconds - 1)) == 1_000)
        #expect(scheduler.wait(now: at(9)) == 60_000)
        #expect(scheduler.next(now: at(9, 1_000_000 + seconds))?.key == "a")
    }

    @Test("a clock that jumps ahead makes the renewal due; one that is set back doesn't stop a retry")
    func clockJumps() throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let ticket = try #require(scheduler.next(now: at(0)))
        _ = scheduler.succeeded(ticket, notBefore: 1_000_000, notAfter: 1_086_400, now: at(0), chance: 0.5)
        #expect(scheduler.next(now: at(60_000, 1_000_060)) == nil)
        let renewal = try #require(scheduler.next(now: at(60_000, 1_080_000)))
        #expect(scheduler.failed(renewal, now: at(60_000, 1_080_000), chance: 0.5) == .seconds(1))
        #expect(scheduler.next(now: at(61_000, 0))?.key == "a")
    }

    @Test("failures back off per identity, and a success starts anew")
    func backoff() throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        var now: UInt64 = 0
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 150, 150] as [UInt64] {
            let ticket = try #require(scheduler.next(now: at(now)))
            #expect(scheduler.failed(ticket, now: at(now), chance: 0.5) == .seconds(Int64(seconds)))
            // Whoever asks meanwhile doesn't cut the wait short.
            #expect(scheduler.want("a", priority: .live, now: at(now)))
            #expect(scheduler.wait(now: at(now)) == min(seconds * 1_000, 60_000))
            #expect(scheduler.next(now: at(now + seconds * 1_000 - 1)) == nil)
            now += seconds * 1_000
        }
        #expect(scheduler.want("b", priority: .warmUp, now: at(now)))
        #expect(scheduler.failures(of: "a") == 10)
        let both = begun(scheduler, at(now))
        #expect(both.map(\.key) == ["a", "b"])
        let first = try #require(both.first)
        _ = scheduler.succeeded(first, notBefore: 1_000_000, notAfter: 1_003_600, now: at(now), chance: 0.5)
        #expect(scheduler.failures(of: "a") == 0)
    }

    @Test("a failed renewal is tried again before the certificate ends, and is urgent after that")
    func retention() throws {
        var limits = CertificateKeeperLimits()
        limits.fetches = 1
        let scheduler = Scheduler(limits: limits)
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let first = try #require(scheduler.next(now: at(0)))
        _ = scheduler.succeeded(first, notBefore: 1_000_000, notAfter: 1_000_100, now: at(0), chance: 0.5)
        var now = at(50_000, 1_000_050)
        for _ in 0..<4 {
            let ticket = try #require(scheduler.next(now: now))
            let wait = try #require(scheduler.failed(ticket, now: now, chance: 0.5))
            now.milliseconds += UInt64(wait.components.seconds) * 1_000
            now.epochSeconds += wait.components.seconds
            #expect(now.epochSeconds <= 1_000_100)
        }
        now.milliseconds += 60_000
        now.epochSeconds = 1_000_100
        let late = try #require(scheduler.next(now: now))
        _ = scheduler.failed(late, now: now, chance: 0.5)
        now.milliseconds += 200_000
        #expect(scheduler.want("b", priority: .warmUp, now: now))
        #expect(scheduler.next(now: now)?.key == "a")
    }

    @Test("what was forgotten while it was fetched is thrown away, also when it is wanted again")
    func forgetting() throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let first = try #require(scheduler.next(now: at(0)))
        #expect(scheduler.forget("a") == first)
        #expect(scheduler.fetching == 0)
        #expect(scheduler.succeeded(first, notBefore: 0, notAfter: .max, now: at(0), chance: 0.5) == nil)
        #expect(scheduler.want("a", priority: .warmUp, now: at(1)))
        let second = try #require(scheduler.next(now: at(1)))
        #expect(second != first)
        #expect(scheduler.failed(first, now: at(1), chance: 0.5) == nil)
        #expect(scheduler.fetching == 1)
        #expect(scheduler.succeeded(second, notBefore: 0, notAfter: 2_000_000, now: at(1), chance: 0.5) != nil)
        #expect(scheduler.succeeded(second, notBefore: 0, notAfter: 2_000_000, now: at(1), chance: 0.5) == nil)
        #expect(scheduler.fetching == 0)
        #expect(scheduler.forget("a") == nil)
        #expect(scheduler.forget("unknown") == nil)
        #expect(scheduler.count == 0)
        #expect(scheduler.wait(now: at(1)) == nil)
    }

    @Test("what is hastened is due at once, and what is under way goes on")
    func hastening() throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let first = try #require(scheduler.next(now: at(0)))
        scheduler.hasten("a", now: at(0))
        #expect(scheduler.next(now: at(0)) == nil)
        _ = scheduler.succeeded(first, notBefore: 1_000_000, notAfter: 1_003_600, now: at(0), chance: 0.5)
        #expect(scheduler.next(now: at(1)) == nil)
        scheduler.hasten("a", now: at(1))
        #expect(scheduler.wait(now: at(1)) == 0)
        #expect(scheduler.next(now: at(1))?.key == "a")
        scheduler.hasten("unknown", now: at(1))
        #expect(scheduler.count == 1)
    }

    @Test("there is a bound on identities")
    func bound() {
        var limits = CertificateKeeperLimits()
        limits.identities = 2
        let scheduler = Scheduler(limits: limits)
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        #expect(scheduler.want("b", priority: .warmUp, now: at(0)))
        #expect(!scheduler.want("c", priority: .live, now: at(0)))
        #expect(scheduler.want("a", priority: .live, now: at(0)))
        scheduler.forget("b")
        #expect(scheduler.want("c", priority: .live, now: at(0)))
    }

    @Test("an authority that dates its certificates far back is not asked without a pause")
    func backdated() throws {
        let scheduler = Scheduler()
        #expect(scheduler.want("a", priority: .warmUp, now: at(0)))
        let ticket = try #require(scheduler.next(now: at(0)))
        let wait = scheduler.succeeded(ticket, notBefore: 0, notAfter: 1_000_400, now: at(0), chance: 0.5)
        #expect(wait == .seconds(100))
    }

    @Test("odd dates don't trap")
    func oddDates() {
        for notBefore in [Int64.min, 0, .max] {
            for notAfter in [Int64.min, 0, .max] {
                for now in [Int64.min, 0, .max] {
                    let scheduler = Scheduler()
                    let moment = CertificateMoment(milliseconds: .max - 1, epochSeconds: now)
                    #expect(scheduler.want("a", priority: .live, now: moment))
                    if let ticket = scheduler.next(now: moment) {
                        _ = scheduler.succeeded(
                            ticket,
                            notBefore: notBefore,
                            notAfter: notAfter,
                            now: moment,
                            chance: 2
                        )
                    }
                    _ = scheduler.wait(now: CertificateMoment(milliseconds: 0, epochSeconds: -now.magnitude.clampedInt))
                    if let ticket = scheduler.next(now: CertificateMoment(milliseconds: 0, epochSeconds: .max)) {
                        _ = scheduler.failed(ticket, now: moment, chance: -1)
                    }
                }
            }
        }
    }
}

extension UInt64 {
    fileprivate var clampedInt: Int64 { Int64(clamping: self) }
}

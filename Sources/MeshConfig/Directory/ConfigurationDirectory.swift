import Glibc
import Synchronization

/// Declared resources in a directory of files, kept up to date while files change.
///
/// Files are `*.yaml`, `*.yml` and `*.json`, in folders of any depth up to a bound; hidden ones are left out, links are
/// followed only inside the directory. While the directory is gone the last set stays in force. Before it was read once
/// no set is told: nobody may take "not known" for "nothing declared".
package final class ConfigurationDirectory: Sendable {
    /// The sets, each whenever something differs from the one before, diagnostics included. Whoever is slow gets the
    /// newest only.
    package let sets: AsyncStream<ConfigurationSet>

    private struct State {
        var scan: DirectoryScan
        /// The set in force; before the first one, what was in force before the restart.
        var set = ConfigurationSet.empty
        var firstSeen: [ResourceKey: Int64]
        /// What counts in their place, where somebody else remembers.
        var ages: [ResourceKey: Int64]?
        var lastGood: LastGoodFiles?
        var isBegun = false
        var isPublished = false
        /// What no set carries and was told already.
        var told: [ConfigurationDiagnostic] = []
    }

    private let path: String
    private let limits: ConfigurationLimits
    private let timing: DirectoryTiming
    private let now: @Sendable () -> Int64
    private let onFault: @Sendable (ConfigurationDiagnostic) -> Void
    private let publisher: AsyncStream<ConfigurationSet>.Continuation
    private let state: Mutex<State>
    private let latest = Mutex(ConfigurationSet.empty)

    /// A directory. Nothing is read before ``load()`` or ``run()``.
    ///
    /// - Parameters:
    ///   - path: the directory. As long as it is not there, that is a fault, and no set.
    ///   - firstSeen: when keys were first seen, as the sets before a restart told.
    ///   - lastGood: keeps what is in force over restarts; nil where a restart may lose last good versions.
    ///   - now: seconds since 1970.
    ///   - onFault: told once of each fault that no set carries: why there is no set yet, and what is wrong with
    ///     `lastGood`. Called on the thread that reads.
    package convenience init(
        path: String,
        limits: ConfigurationLimits = .standard,
        timing: DirectoryTiming = DirectoryTiming(),
        firstSeen: [ResourceKey: Int64] = [:],
        lastGood: LastGoodFiles? = nil,
        now: @escaping @Sendable () -> Int64,
        onFault: @escaping @Sendable (ConfigurationDiagnostic) -> Void = { _ in }
    ) {
        self.init(
            path: path,
            limits: limits,
            timing: timing,
            firstSeen: firstSeen,
            lastGood: lastGood,
            calls: .system,
            now: now,
            onFault: onFault
        )
    }

    init(
        path: String,
        limits: ConfigurationLimits,
        timing: DirectoryTiming,
        firstSeen: [ResourceKey: Int64],
        lastGood: LastGoodFiles?,
        calls: FileCalls,
        now: @escaping @Sendable () -> Int64,
        onFault: @escaping @Sendable (ConfigurationDiagnostic) -> Void
    ) {
        self.path = path
        self.limits = limits
        self.timing = timing
        self.now = now
        self.onFault = onFault
        (self.sets, self.publisher) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let scan = DirectoryScan(path: path, limits: limits, keepsText: lastGood != nil, calls: calls)
        self.state = Mutex(State(scan: scan, firstSeen: firstSeen, lastGood: lastGood))
    }

    /// The set as it was last read. Before the first one it is empty, with the fault that kept it from being read.
    package var current: ConfigurationSet { self.latest.withLock { $0 } }

    /// How many files were read and parsed so far.
    var readCount: Int { self.state.withLock { $0.scan.readCount } }

    /// Reads what has changed. Blocks for as long as that takes.
    ///
    /// - Returns: the set that is in force now; as ``current``.
    @discardableResult
    package func load() -> ConfigurationSet {
        self.look { _ in }
        return self.current
    }

    /// Says how old resources are, in place of what is seen here: replicas must agree on it. Those that are not among them
    /// count as older than all, and as old as each other.
    package func date(_ ages: [ResourceKey: Int64]) {
        self.state.withLock { $0.ages = ages }
    }

    /// Watches the directory until the task is cancelled.
    ///
    /// Files are read on a thread of its own: waiting for a disk must hold up nobody else.
    package func run() async {
        defer { self.publisher.finish() }
        guard let stop = StopSignal() else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isStarted = Thread.start {
                    self.watch(until: stop)
                    continuation.resume()
                }
                if !isStarted { continuation.resume() }
            }
        } onCancel: {
            stop.signal()
        }
    }

    private struct Look {
        /// Whether all could be looked at that may be seen at all.
        var isThere: Bool
        var isUnsettled: Bool
    }

    /// One look at the directory.
    @discardableResult
    private func look(enter: (String) -> Void) -> Look {
        let (look, faults) = self.state.withLock { state -> (Look, [ConfigurationDiagnostic]) in
            var faults: [ConfigurationDiagnostic] = []
            let look = self.look(&state, &faults, enter: enter)
            let new = faults.filter { !state.told.contains($0) }
            state.told = faults
            return (look, new)
        }
        for fault in faults { self.onFault(fault) }
        return look
    }

    private func look(
        _ state: inout State,
        _ faults: inout [ConfigurationDiagnostic],
        enter: (String) -> Void
    ) -> Look {
        let finding: DirectoryScan.Finding
        do throws(FileSystem.Failure) {
            if !state.isBegun, let kept = try state.lastGood?.load() {
                state.set = kept.set
                faults += kept.faults
            }
            state.isBegun = true
            finding = try state.scan.run(enter: enter)
            // A first set without what a full table of files hid would be taken for the whole.
            if !state.isPublished, let trouble = finding.trouble { throw trouble }
        } catch {
            let fault = ConfigurationDiagnostic(
                place: .overall,
                field: self.path,
                reason: "the directory can't be read: \(error.reason); "
                    + (state.isPublished ? "the last set stays in force" : "nothing is told before it is read"),
                code: .directoryUnreadable
            )
            if state.isPublished {
                self.publish(state.set.adding(fault), &state)
            } else {
                self.latest.withLock { $0 = ConfigurationSet.empty.adding(fault) }
                faults.append(fault)
            }
            return Look(isThere: false, isUnsettled: false)
        }
        let set = SetBuilder.build(
            finding.files,
            previous: state.set,
            firstSeen: state.firstSeen,
            ages: state.ages,
            now: self.now(),
            limits: self.limits
        )
        // From here on the sets themselves know; what is removed must be forgotten.
        state.firstSeen = [:]
        self.publish(set, &state)
        faults += state.lastGood?.store(set) ?? []
        return Look(isThere: finding.trouble == nil, isUnsettled: finding.isUnsettled)
    }

    private func publish(_ set: ConfigurationSet, _ state: inout State) {
        guard !state.isPublished || set != state.set else { return }
        state.set = set
        state.isPublished = true
        self.latest.withLock { $0 = set }
        self.publisher.yield(set)
    }

    /// The thread's loop.
    private func watch(until stop: StopSignal) {
        var watch = DirectoryWatch()
        defer { watch.close() }
        let clock = ContinuousClock()
        var pacer = DirectoryPacer(timing: self.timing, now: clock.now)
        self.look(&watch, &pacer, clock)
        while !stop.isSet {
            if Poll.wait(for: [stop.descriptor] + (watch.waitable.map { [$0] } ?? []), until: pacer.due, clock) == false
            {
                // Neither descriptor can be waited for any more; the pace alone goes on.
                _ = Poll.wait(for: [], until: min(pacer.due, clock.now + self.timing.blindPoll), clock)
            }
            if stop.isSet { return }
            if watch.drain() { pacer.changed(at: clock.now) }
            if clock.now >= pacer.due { self.look(&watch, &pacer, clock) }
        }
    }

    private func look(_ watch: inout DirectoryWatch, _ pacer: inout DirectoryPacer, _ clock: ContinuousClock) {
        watch.begin()
        let found = self.look { watch.enter($0) }
        watch.finish()
        pacer.looked(
            at: clock.now,
            isBlind: !found.isThere || !watch.isWhole,
            isUnsettled: found.isUnsettled
        )
    }
}

import Glibc
import Synchronization

/// Declared resources in a directory of files, kept up to date while files change.
///
/// Files are `*.yaml`, `*.yml` and `*.json`, in folders of any depth up to a bound; hidden ones are left out, links are
/// followed only inside the directory. While the directory is gone the last set stays in force.
package final class ConfigurationDirectory: Sendable {
    /// The sets, each whenever something differs from the one before, diagnostics included. Whoever is slow gets the
    /// newest only.
    package let sets: AsyncStream<ConfigurationSet>

    private struct State {
        var scan: DirectoryScan
        var set = ConfigurationSet.empty
        var firstSeen: [ResourceKey: Int64]
        var isPublished = false
    }

    private let path: String
    private let limits: ConfigurationLimits
    private let timing: DirectoryTiming
    private let now: @Sendable () -> Int64
    private let publisher: AsyncStream<ConfigurationSet>.Continuation
    private let state: Mutex<State>
    private let latest = Mutex(ConfigurationSet.empty)

    /// A directory. Nothing is read before ``load()`` or ``run()``.
    ///
    /// - Parameters:
    ///   - path: the directory.
    ///   - firstSeen: when keys were first seen, as the sets before a restart told.
    ///   - now: seconds since 1970.
    package init(
        path: String,
        limits: ConfigurationLimits = .standard,
        timing: DirectoryTiming = DirectoryTiming(),
        firstSeen: [ResourceKey: Int64] = [:],
        now: @escaping @Sendable () -> Int64
    ) {
        self.path = path
        self.limits = limits
        self.timing = timing
        self.now = now
        (self.sets, self.publisher) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.state = Mutex(State(scan: DirectoryScan(path: path, limits: limits), firstSeen: firstSeen))
    }

    /// The set as it was last read.
    package var current: ConfigurationSet { self.latest.withLock { $0 } }

    /// How many files were read and parsed so far.
    var readCount: Int { self.state.withLock { $0.scan.readCount } }

    /// Reads what has changed. Blocks for as long as that takes.
    ///
    /// - Returns: the set that is in force now.
    @discardableResult
    package func load() -> ConfigurationSet { self.look { _ in }.set }

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

    /// One look at the directory.
    private func look(enter: (String) -> Void) -> (set: ConfigurationSet, isThere: Bool, isUnsettled: Bool) {
        self.state.withLock { state in
            guard let finding = state.scan.run(enter: enter) else {
                let fault = ConfigurationDiagnostic(
                    place: .overall,
                    field: self.path,
                    reason: "the directory can't be read: \(FileSystem.lastError); the last set stays in force",
                    code: .directoryUnreadable
                )
                self.publish(state.set.adding(fault), &state)
                return (state.set, false, false)
            }
            let set = SetBuilder.build(
                finding.files,
                previous: state.set,
                firstSeen: state.firstSeen,
                now: self.now(),
                limits: self.limits
            )
            // From here on the sets themselves know; what is removed must be forgotten.
            state.firstSeen = [:]
            self.publish(set, &state)
            return (set, true, finding.isUnsettled)
        }
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

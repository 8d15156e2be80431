import Glibc
import Synchronization

/// A thread for work that blocks.
enum Thread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread, which ends with the work.
    ///
    /// - Returns: whether there was one to be had.
    static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            box.toOpaque()
        )
        guard code == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

/// Tells a thread that waits in poll(2) to stop.
final class StopSignal: Sendable {
    /// Becomes readable with the signal: the reading end of a pipe.
    let descriptor: Int32
    private let writer: Int32
    private let flag = Atomic<Bool>(false)

    /// - Returns: nil where the process has no descriptors left.
    init?() {
        var ends: [Int32] = [-1, -1]
        let code = pipe(&ends)
        self.descriptor = ends[0]
        self.writer = ends[1]
        if code != 0 { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        guard self.descriptor >= 0 else { return }
        _ = Glibc.close(self.descriptor)
        _ = Glibc.close(self.writer)
    }

    var isSet: Bool { self.flag.load(ordering: .acquiring) }

    func signal() {
        self.flag.store(true, ordering: .releasing)
        // Nothing but a full pipe can go wrong, and that is readable.
        _ = Glibc.write(self.writer, "x", 1)
    }
}

/// Waiting for descriptors.
enum Poll {
    /// Waits until a descriptor is readable or the time has come.
    ///
    /// - Returns: false where waiting was not possible.
    static func wait(for descriptors: [Int32], until due: ContinuousClock.Instant, _ clock: ContinuousClock) -> Bool {
        let left = max(.zero, clock.now.duration(to: due))
        // A millisecond more than needed, rather than coming early again and again.
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
        var waited = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let count = Glibc.poll(&waited, nfds_t(waited.count), Int32(clamping: milliseconds))
        return count >= 0 || errno == EINTR
    }
}

import Glibc

/// A counting semaphore of the C library, for waiting on a thread's work.
final class Semaphore: Sendable {
    /// Written once in `init`; all further use goes through the C library's own synchronisation.
    nonisolated(unsafe) private let raw: UnsafeMutablePointer<sem_t>

    /// Starts at zero.
    init() {
        self.raw = .allocate(capacity: 1)
        sem_init(self.raw, 0, 0)
    }

    deinit {
        sem_destroy(self.raw)
        self.raw.deallocate()
    }

    /// Lets one waiter go on.
    func signal() {
        sem_post(self.raw)
    }

    /// Waits for a signal as long as it takes.
    func wait() {
        while sem_wait(self.raw) != 0, errno == EINTR {}
    }

    /// Waits for a signal; false when `milliseconds` pass first.
    func wait(timeout milliseconds: Int) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        let nanoseconds = deadline.tv_nsec + max(0, milliseconds) % 1_000 * 1_000_000
        deadline.tv_sec += max(0, milliseconds) / 1_000 + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        while sem_timedwait(self.raw, &deadline) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}

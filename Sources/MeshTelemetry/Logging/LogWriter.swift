import Glibc
import Synchronization

/// Takes finished lines from any thread and writes them to a file descriptor on a thread of its own.
///
/// The queue is bounded in lines and bytes. When it is full a line is dropped and counted: a slow reader of our
/// output must never slow a connection. The writer says how many lines it lost as soon as it gets on.
package final class LogWriter: Sendable {
    /// The bounds of the queue.
    package struct Limits: Sendable, Hashable {
        /// How many lines may wait.
        package var lines = 10_000
        /// How many bytes may wait.
        package var bytes = 4 << 20

        /// The default bounds.
        package init() {}
    }

    private struct Queue {
        var bytes: [UInt8] = []
        var lines = 0
        var dropped: UInt64 = 0
        var isSignalled = false
        var isPressing = false
        var isClosed = false
    }

    /// How long lines that come thick and fast are collected, in milliseconds: waking the thread for each costs as much
    /// as the line itself.
    private static let collectingMilliseconds = 5

    private let output: CInt
    private let format: LogFormat
    private let limits: Limits
    /// Raised when there is something to write.
    private let wake = Semaphore()
    /// Raised when what is collected must not wait longer.
    private let press = Semaphore()
    /// Raised once by the thread when it has ended.
    private let ended = Semaphore()
    private let queue = Mutex(Queue())
    private let droppedLines = Counter()

    /// Starts the thread.
    /// - Parameters:
    ///   - output: where lines go; stays open and belongs to the caller.
    ///   - format: how the notice about lost lines is written; the lines themselves come finished.
    ///   - limits: the queue's bounds.
    package init(output: CInt = STDOUT_FILENO, format: LogFormat = .plain, limits: Limits = Limits()) {
        self.output = output
        self.format = format
        self.limits = limits
        // The thread holds the writer until it ends.
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        // The thread inherits this: signals are the program's, and one that reached it here would end the process.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let failure = pthread_create(&thread, nil, logWriterThread, context.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if failure != 0 {
            context.release()
            self.queue.withLock { $0.isClosed = true }
        } else {
            pthread_detach(thread)
        }
    }

    /// How many lines were dropped because the queue was full.
    package var dropped: UInt64 { self.droppedLines.value }

    /// Queues a line, which ends with a newline. Never blocks on output.
    package func write(_ line: [UInt8]) {
        let (mustWake, mustPress) = self.queue.withLock { queue in
            guard !queue.isClosed, queue.lines < self.limits.lines,
                queue.bytes.count + line.count <= self.limits.bytes
            else {
                queue.dropped &+= 1
                self.droppedLines.add()
                return (false, false)
            }
            queue.bytes.append(contentsOf: line)
            queue.lines += 1
            let isPressing = queue.lines > self.limits.lines / 4 || queue.bytes.count > self.limits.bytes / 4
            defer {
                queue.isSignalled = true
                queue.isPressing = isPressing
            }
            return (!queue.isSignalled, isPressing && !queue.isPressing)
        }
        if mustWake { self.wake.signal() }
        if mustPress { self.press.signal() }
    }

    /// Writes what is queued and ends the thread; later lines are dropped.
    /// - Parameter milliseconds: how long to wait for the output to take it.
    /// - Returns: whether all was written in time.
    @discardableResult
    package func close(timeout milliseconds: Int = 1_000) -> Bool {
        let wasOpen = self.queue.withLock { queue in
            defer { queue.isClosed = true }
            return !queue.isClosed
        }
        guard wasOpen else { return true }
        self.wake.signal()
        self.press.signal()
        return self.ended.wait(timeout: milliseconds)
    }

    /// The thread's work: waits, takes all that is queued, writes it in as few calls as the output allows. Where lines came
    /// together it collects the next ones for a moment.
    fileprivate func run() {
        var isOpen = true
        while isOpen {
            self.wake.wait()
            let batch = self.queue.withLock { queue in
                let batch = queue
                isOpen = !queue.isClosed
                queue = Queue(isClosed: queue.isClosed)
                return batch
            }
            self.put(batch.bytes)
            if batch.dropped > 0 { self.put(self.lossNotice(batch.dropped)) }
            // A line alone is written at once.
            if batch.lines > 1, isOpen { _ = self.press.wait(timeout: Self.collectingMilliseconds) }
        }
        self.ended.signal()
    }

    private func put(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(self.output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var writable = pollfd(fd: self.output, events: Int16(POLLOUT), revents: 0)
                    poll(&writable, 1, 1_000)
                } else if errno != EINTR {
                    // Nobody reads any more; there is no place left to complain.
                    return
                }
            }
        }
    }

    private func lossNotice(_ count: UInt64) -> [UInt8] {
        var line = LogLine(
            format: self.format,
            time: .now(),
            level: .warning,
            scope: "log",
            message: "log lines dropped: output too slow"
        )
        line.add(LogField("count", count))
        return line.finished()
    }
}

private func logWriterThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let writer = Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue()
    // SIGPIPE is blocked too: a reader that goes away shows up as an error of `write`.
    writer.run()
    return nil
}

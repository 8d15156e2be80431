import Foundation
package import Glibc
import Synchronization

/// A child process in a session of its own.
///
/// Started with `posix_spawn`, so that no code of ours runs between fork and exec. Its exit is observed by one thread
/// and can be awaited by many. Signals go to its whole group, and never to a number that was given to another process.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)

        /// The exit code as shells and Docker count it: 128 + signal for a process that was killed.
        package var shellCode: Int32 {
            switch self {
            case .code(let code): code
            case .signal(let signal): 128 + signal
            }
        }
    }

    /// What to run and how.
    package struct Launch: Sendable {
        /// Path of the program; it isn't looked for.
        package var executable: String
        package var arguments: [String]
        package var environment: [String: String]
        /// Standard input; -1 for nothing to read.
        package var input: Int32 = -1
        /// Standard output and standard error; -1 to throw it away.
        package var output: Int32 = -1

        package init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
        }
    }

    /// POSIX_SPAWN_SETSID of glibc and musl, which the headers show to GNU sources only.
    private static let spawnInSession: Int32 = 0x80

    /// How often a program is tried that someone holds open for writing: for as long as a child of another program may
    /// stand between fork and exec.
    private static let busyTries = 20
    /// Microseconds between two tries.
    private static let busyPause: UInt32 = 10_000

    private struct State {
        var exit: Exit?
        var waiters: [CheckedContinuation<Exit, Never>] = []
    }

    /// The process's id, which is also its session's and its group's.
    package let id: pid_t
    private let state = Mutex(State())

    private init(id: pid_t) { self.id = id }

    /// Starts a process.
    ///
    /// The descriptors of `launch` stay the caller's. Fails with the reason if the program can't be started.
    package static func start(_ launch: Launch) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if launch.input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, launch.input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        if launch.output >= 0 {
            posix_spawn_file_actions_adddup2(&actions, launch.output, 1)
            posix_spawn_file_actions_adddup2(&actions, launch.output, 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var reset = sigset_t()
        sigemptyset(&reset)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&reset, signal) }
        posix_spawnattr_setsigdefault(&attributes, &reset)
        posix_spawnattr_setflags(
            &attributes,
            Int16(truncatingIfNeeded: Self.spawnInSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )

        var id: pid_t = 0
        var result: Int32 = 0
        for _ in 0..<Self.busyTries {
            result = Self.spawn(launch, &actions, &attributes, id: &id)
            guard result == ETXTBSY else { break }
            usleep(Self.busyPause)
        }
        guard result == 0 else {
            throw LabError(.commandFailed, "can't start \(launch.executable): \(String(cString: strerror(result)))")
        }
        let child = ChildProcess(id: id)
        Thread.detachNewThread { child.reap() }
        return child
    }

    /// Returns when the child runs its program, or with the reason why not.
    private static func spawn(
        _ launch: Launch,
        _ actions: inout posix_spawn_file_actions_t,
        _ attributes: inout posix_spawnattr_t,
        id: inout pid_t
    ) -> Int32 {
        let environment = launch.environment.map { "\($0.key)=\($0.value)" }.sorted()
        return withCStrings([launch.executable] + launch.arguments) { arguments in
            withCStrings(environment) { environment in
                SpawnTurn.hold {
                    Self.keepDescriptors()
                    return posix_spawn(&id, launch.executable, &actions, &attributes, arguments, environment)
                }
            }
        }
    }

    /// Marks what this process has open as its own: SwiftNIO's listening sockets would stay open in children.
    ///
    /// What one opens at the same moment on another thread may still slip through.
    private static func keepDescriptors() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = Int32(name), descriptor > 2 else { continue }
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0, flags & FD_CLOEXEC == 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }

    /// Waits for the process's end. Not affected by cancellation: kill the process to end the wait.
    package func exit() async -> Exit {
        await withCheckedContinuation { continuation in
            let ended = self.state.withLock { state -> Exit? in
                if let exit = state.exit { return exit }
                state.waiters.append(continuation)
                return nil
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Whether the process hasn't ended.
    package var isRunning: Bool { self.state.withLock { $0.exit == nil } }

    /// Sends a signal to the process alone; nothing happens once it has ended.
    package func signal(_ number: Int32) {
        self.state.withLock { state in
            // Under the lock the process isn't reaped, so its number is still its own.
            if state.exit == nil { _ = kill(self.id, number) }
        }
    }

    /// Kills the process and all of its group.
    package func killGroup() {
        self.state.withLock { state in
            if state.exit == nil { _ = kill(-self.id, SIGKILL) }
        }
    }

    private func reap() {
        var details = siginfo_t()
        while waitid(P_PID, id_t(self.id), &details, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        let (exit, waiters) = self.state.withLock { state -> (Exit, [CheckedContinuation<Exit, Never>]) in
            // What the leader left behind in its group ends with it, while the group's number is still taken.
            _ = kill(-self.id, SIGKILL)
            var status: Int32 = 0
            while waitpid(self.id, &status, 0) == -1, errno == EINTR {}
            let low = status & 0x7f
            let exit: Exit = low == 0 ? .code(status >> 8 & 0xff) : .signal(low)
            state.exit = exit
            let waiters = state.waiters
            state.waiters = []
            return (exit, waiters)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }
}

/// Calls `body` with a null-terminated array of C strings that lives as long as the call.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        // The array has at least its terminator, so it has a base.
        withUnsafePointer(to: nil as UnsafeMutablePointer<CChar>?) { empty in body(buffer.baseAddress ?? empty) }
    }
}

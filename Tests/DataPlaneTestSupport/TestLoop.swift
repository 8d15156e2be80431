import DataPlane
import Foundation
package import TunnelEngine

/// An event loop on a thread of its own for the length of a test.
package final class TestLoop: @unchecked Sendable {
    package let loop: EventLoop

    package struct NotStarted: Error {
        package init() {}
    }

    package init() throws {
        self.loop = try EventLoop(index: 9)
        guard LoopThread.start(self.loop) else { throw NotStarted() }
    }

    deinit { self.loop.stop() }

    /// Runs `body` on the loop and waits for what it gives.
    package func sync<Value>(_ body: @escaping () throws -> Value) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<Value, any Error>?
        nonisolated(unsafe) let body = body
        self.loop.submit {
            result = Result { try body() }
            done.signal()
        }
        guard done.wait(timeout: .now() + 10) == .success, let result else { throw NotStarted() }
        return try result.get()
    }

    /// Starts `body` on the loop and waits until it calls its completion.
    package func wait<Value>(_ body: @escaping (@escaping (Value) -> Void) -> Void) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var value: Value?
        nonisolated(unsafe) let body = body
        self.loop.submit {
            body {
                value = $0
                done.signal()
            }
        }
        guard done.wait(timeout: .now() + 10) == .success, let value else { throw NotStarted() }
        return value
    }
}

/// Waits until `condition` holds, at most ten seconds.
package func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<1_000 {
        if try condition() { return true }
        usleep(10_000)
    }
    return false
}

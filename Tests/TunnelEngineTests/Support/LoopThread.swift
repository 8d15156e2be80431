import Foundation
import Synchronization

@testable import TunnelEngine

/// An event loop on a thread of its own for the length of a test.
final class LoopThread: @unchecked Sendable {
    let loop: EventLoop
    private let done = DispatchSemaphore(value: 0)

    init(index: Int = 0) throws {
        let loop = try EventLoop(index: index)
        self.loop = loop
        let done = self.done
        Thread.detachNewThread {
            loop.run()
            done.signal()
        }
    }

    /// Runs `body` on the loop and waits for its result.
    func sync<Result>(_ body: @escaping () throws -> Result) throws -> Result {
        let box = Box<Swift.Result<Result, any Error>?>(nil)
        let ready = DispatchSemaphore(value: 0)
        let work = Unchecked(body)
        self.loop.submit {
            box.value = Swift.Result { try work.value() }
            ready.signal()
        }
        guard ready.wait(timeout: .now() + 20) == .success, let result = box.value else { throw TestTimeout() }
        return try result.get()
    }

    func stop() {
        self.loop.stop()
        _ = self.done.wait(timeout: .now() + 10)
    }
}

struct TestTimeout: Error {}

final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Waits until `condition` holds, at most `seconds`.
func eventually(seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
        if condition() { return true }
        usleep(2000)
    }
    return condition()
}

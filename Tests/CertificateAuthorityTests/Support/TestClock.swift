import Foundation
import Synchronization

/// A time that stands until a test moves it.
final class TestClock: Sendable {
    private let time: Mutex<Date>

    init(_ start: Date) {
        self.time = Mutex(start)
    }

    var now: Date { self.time.withLock { $0 } }

    /// Moves on by so many seconds; gives the new time.
    func move(_ seconds: Double) -> Date {
        self.time.withLock { time in
            time += seconds
            return time
        }
    }
}

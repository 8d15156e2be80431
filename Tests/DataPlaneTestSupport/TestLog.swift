package import MeshTelemetry
import Synchronization

/// Keeps the lines of a log.
package final class TestLog: Sendable {
    private let kept = Mutex<[String]>([])

    package init() {}

    package var lines: [String] { self.kept.withLock { $0 } }

    package var log: Log {
        Log(scope: "test", format: .plain, threshold: Log.Threshold(.debug)) { [self] line in
            self.kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }
}

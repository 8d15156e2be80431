import Synchronization

/// Keeps the lines of an access log.
final class AccessLines: Sendable {
    private let kept = Mutex<[String]>([])

    var all: [String] { self.kept.withLock { $0 } }

    func add(_ line: String) { self.kept.withLock { $0.append(line) } }
}

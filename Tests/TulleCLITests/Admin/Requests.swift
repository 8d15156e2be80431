import Synchronization

/// Lines that a fake server notes.
final class Requests: Sendable {
    private let noted = Mutex<[String]>([])

    var lines: [String] { self.noted.withLock { $0 } }

    func note(_ line: String) { self.noted.withLock { $0.append(line) } }
}

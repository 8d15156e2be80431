import Foundation
import Glibc
import Synchronization

/// The list of everything the lab has made, written *before* each thing is made.
///
/// One JSON line an entry, flushed to disk, so that a lab that was killed leaves a list of what may still be there.
package final class Ledger: Sendable {
    private struct Entry: Codable {
        var made: Resource?
        var removed: Resource?
    }

    private struct State {
        var resources: [Resource]
    }

    private let path: String
    private let state: Mutex<State>

    /// Opens the ledger at a path; what an earlier lab wrote there is kept.
    ///
    /// A torn last line, as a crash leaves it, is passed over: its resource was not yet made.
    package init(path: String) throws {
        self.path = path
        var resources: [Resource] = []
        if let data = FileManager.default.contents(atPath: path) {
            for line in data.split(separator: 10) {
                guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)) else { continue }
                if let made = entry.made, !resources.contains(made) { resources.append(made) }
                if let removed = entry.removed { resources.removeAll { $0 == removed } }
            }
        }
        self.state = Mutex(State(resources: resources))
    }

    /// What is made and not yet removed, oldest first.
    package var resources: [Resource] { self.state.withLock { $0.resources } }

    /// Writes down that a resource is about to be made.
    package func willMake(_ resource: Resource) throws {
        try self.state.withLock { state in
            try self.append(Entry(made: resource))
            if !state.resources.contains(resource) { state.resources.append(resource) }
        }
    }

    /// Writes down that a resource is gone.
    package func didRemove(_ resource: Resource) throws {
        try self.state.withLock { state in
            try self.append(Entry(removed: resource))
            state.resources.removeAll { $0 == resource }
        }
    }

    private func append(_ entry: Entry) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(entry)
        line.append(10)
        let descriptor = open(self.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LabError(.commandFailed, "can't open \(self.path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        // A crash may have left a torn line without its end; an empty line in front costs nothing.
        line.insert(10, at: line.startIndex)
        let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.count, fsync(descriptor) == 0 else {
            throw LabError(.commandFailed, "can't write \(self.path): \(String(cString: strerror(errno)))")
        }
    }
}

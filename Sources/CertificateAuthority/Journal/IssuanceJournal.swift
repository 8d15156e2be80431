import Foundation
import Glibc
package import Logging
import Synchronization

/// Every certificate given out and every caller turned away: one JSON line each in a file of the state directory, and
/// the newest in memory for the debug page.
///
/// The file is rotated by size, so it cannot fill the disk. A journal that cannot be written is reported once and
/// does not stop issuing: the mesh's certificates must not depend on a full disk.
package final class IssuanceJournal: Sendable {
    private struct Content {
        var newest: [IssuanceRecord] = []
        var next = 0
        var fileBytes = 0
        var isBroken = false
        var counts: [String: Int] = [:]
    }

    /// How many records stay in memory.
    private let memory: Int
    /// The size at which the file is set aside, in bytes.
    private let rotationBytes: Int
    /// How many set-aside files are kept.
    private let generations = 3
    private let path: String
    private let logger: Logger
    private let content: Mutex<Content>

    /// Opens the journal `issued.log` in the state directory.
    package init(state: StateDirectory, logger: Logger, memory: Int = 256, rotationBytes: Int = 10 << 20) {
        self.path = "\(state.path)/issued.log"
        self.logger = logger
        self.memory = max(1, memory)
        self.rotationBytes = max(1, rotationBytes)
        var content = Content()
        content.fileBytes = FileFacts(path: self.path).map { Int(clamping: $0.size) } ?? 0
        content.newest = Self.tail(of: self.path, count: self.memory)
        self.content = Mutex(content)
    }

    /// Adds a record.
    package func append(_ record: IssuanceRecord) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        let line = (try? encoder.encode(record)).map { Array($0) + [UInt8(ascii: "\n")] } ?? []
        self.content.withLock { content in
            if content.newest.count < self.memory {
                content.newest.append(record)
            } else {
                content.newest[content.next] = record
                content.next = (content.next + 1) % self.memory
            }
            content.counts[record.code ?? record.outcome, default: 0] += 1
            self.write(line, content: &content)
        }
    }

    /// The newest records, oldest first.
    package var newest: [IssuanceRecord] {
        self.content.withLock { Array($0.newest[$0.next...] + $0.newest[..<$0.next]) }
    }

    /// The newest records that match, newest first, of those in memory.
    package func query(_ filter: IssuanceFilter, limit: Int = 100) -> [IssuanceRecord] {
        Array(self.newest.reversed().lazy.filter(filter.matches).prefix(max(0, limit)))
    }

    /// How many records there were since the start, by code, or by outcome where there is no code.
    package var counts: [String: Int] { self.content.withLock { $0.counts } }

    /// The last records of the file of an earlier run, oldest first; lines that cannot be read are passed over.
    private static func tail(of path: String, count: Int) -> [IssuanceRecord] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // No line is much longer than 4 KiB, as texts are cut to 512 characters.
        let bytes = UInt64(min(count, 1024) * (4 << 10))
        guard let end = try? file.seekToEnd(), (try? file.seek(toOffset: end > bytes ? end - bytes : 0)) != nil,
            let data = try? file.read(upToCount: Int(clamping: bytes))
        else { return [] }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return data.split(separator: UInt8(ascii: "\n")).suffix(count).compactMap { line in
            try? decoder.decode(IssuanceRecord.self, from: line)
        }
    }

    private func write(_ line: [UInt8], content: inout Content) {
        if content.fileBytes + line.count > self.rotationBytes, content.fileBytes > 0 {
            for generation in stride(from: self.generations - 1, through: 1, by: -1) {
                rename("\(self.path).\(generation)", "\(self.path).\(generation + 1)")
            }
            rename(self.path, "\(self.path).1")
            content.fileBytes = 0
        }
        let descriptor = open(self.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return self.report(errno, content: &content) }
        defer { close(descriptor) }
        // One write call, so that a crash cannot leave half a line before the next one.
        guard Glibc.write(descriptor, line, line.count) == line.count else {
            return self.report(errno, content: &content)
        }
        content.fileBytes += line.count
        content.isBroken = false
    }

    private func report(_ number: Int32, content: inout Content) {
        guard !content.isBroken else { return }
        content.isBroken = true
        self.logger.error(
            "issuance journal cannot be written",
            metadata: ["file": "\(self.path)", "error": "\(StateDirectory.reason(number))"]
        )
    }
}

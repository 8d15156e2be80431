import CertificateAuthority
import Foundation
package import Logging
package import MeshConfig
import Synchronization

/// Keeps the folder `applied` of a directory of configuration as the table says, so that all replicas have the same.
///
/// What the table said last stands in the state directory, too: with that a replica starts while the table cannot be read.
/// One that never read it waits, as a mesh without its policies is an open one.
package final class SharedConfiguration: Sendable {
    /// What has to happen around a change of files.
    package struct Files: Sendable {
        /// Told when documents were first applied, before their files are written.
        package var date: @Sendable ([ResourceKey: Int64]) -> Void
        /// Writes documents and removes those that are nil.
        package var change: @Sendable ([ResourceKey: String?]) async throws -> Void
        /// The documents that are there.
        package var present: @Sendable () async throws -> [ResourceKey: String]

        /// Makes it of its parts.
        package init(
            date: @escaping @Sendable ([ResourceKey: Int64]) -> Void,
            change: @escaping @Sendable ([ResourceKey: String?]) async throws -> Void,
            present: @escaping @Sendable () async throws -> [ResourceKey: String]
        ) {
            self.date = date
            self.change = change
            self.present = present
        }
    }

    /// How it stands, for the pages.
    package struct Status: Sendable, Hashable, Codable {
        /// The revision that is in force here.
        package var revision: Int64
        /// How many documents there are.
        package var documents: Int
        /// Why the table could not be read or the files not be written last time; nil when all is well.
        package var error: String?
    }

    private struct State {
        /// What the files are; nil before that is known.
        var contents: SharedDocuments.Contents?
        var error: String?
    }

    private let documents: SharedDocuments
    private let files: Files
    private let mirror: MirrorFile
    private let firstSeen: [ResourceKey: Int64]
    private let logger: Logger
    private let state = Mutex(State())
    private let turns = Turns()

    /// Between two looks at the revision.
    private static let look = Duration.seconds(1)
    /// How often a change is tried again that another replica came before.
    package static let attempts = 5

    /// Makes it; `begin` must be called first, and `follow` keeps it up to date.
    ///
    /// - Parameters:
    ///   - mirror: keeps what the table said over restarts.
    ///   - firstSeen: when documents were first seen that were applied before there was a table.
    package init(
        documents: SharedDocuments,
        files: Files,
        mirror: MirrorFile,
        firstSeen: [ResourceKey: Int64],
        logger: Logger
    ) {
        self.documents = documents
        self.files = files
        self.mirror = mirror
        self.firstSeen = firstSeen
        self.logger = logger
    }

    /// How it stands.
    package var status: Status {
        self.state.withLock { state in
            Status(
                revision: state.contents?.revision ?? 0,
                documents: state.contents?.documents.count ?? 0,
                error: state.error
            )
        }
    }

    /// Brings the files to what the table says, or leaves them as it said before a restart while it cannot be read. What
    /// was applied before there was a table goes into one that is empty.
    ///
    /// Waits for the table for as long as nothing is known of it.
    ///
    /// - Throws: `SharedTableFault` when documents are applied here that the table does not have, `AuthorityError` when
    ///   the state directory cannot be used, `CancellationError`.
    package func begin() async throws {
        if let kept = try self.mirror.load() {
            // The files first: one may have been removed by hand, or a crash came in the middle.
            try await self.take(kept)
            do {
                try await self.turns.take { try await self.refresh() }
            } catch {
                self.note("\(error)")
            }
            return
        }
        var pause = 1.0
        while true {
            do {
                try await self.turns.take { try await self.meet() }
                self.note(nil)
                return
            } catch let fault as SharedTableFault where fault.code == .strays {
                throw fault
            } catch let fault as AuthorityError {
                throw fault
            } catch {
                self.note("\(error)", "waiting for the shared table, which was never read")
            }
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.8...1.2)))
            pause = min(pause * 2, 10)
        }
    }

    /// Keeps the files up to date until cancelled.
    package func follow() async {
        while (try? await Task.sleep(for: Self.look * Double.random(in: 0.9...1.1))) != nil {
            do {
                try await self.turns.take { try await self.refresh() }
                self.note(nil)
            } catch {
                guard !Task.isCancelled else { return }
                self.note("\(error)")
            }
        }
    }

    /// Makes changes over what the table says now. When another replica came before, they are worked out anew.
    ///
    /// - Parameter plan: says what to change, with the files as the table says; at most as `SharedDocuments.batch` says.
    ///   Nil or nothing ends it.
    /// - Returns: whether the changes were made; false after `attempts` that others came before.
    /// - Throws: `AWSError` when the table cannot be asked, or did not say whether it took them; what `plan` throws.
    package func change(
        _ plan: @escaping @Sendable (SharedDocuments.Contents) async throws -> [ResourceKey: String?]
    ) async throws -> Bool {
        for attempt in 0..<Self.attempts {
            if attempt > 0 {
                try await Task.sleep(for: .milliseconds(20 << attempt) * Double.random(in: 0.5...1.5))
            }
            let isDone = try await self.turns.take { () async throws -> Bool in
                try await self.refresh()
                let known = self.state.withLock { $0.contents ?? SharedDocuments.Contents() }
                let wanted = try await plan(known)
                guard !wanted.isEmpty else { return true }
                let now = Int64(Date().timeIntervalSince1970)
                let changes = wanted.reduce(into: SharedDocuments.Changes()) { changes, change in
                    let created = known.documents[change.key]?.created ?? now
                    let version = known.revision + 1
                    changes.updateValue(
                        change.value.map { .init(text: $0, created: created, version: version) },
                        forKey: change.key
                    )
                }
                guard let after = try await self.documents.write(changes, over: known) else { return false }
                do {
                    try await self.take(after)
                } catch {
                    // The table has it, and the next look tries the files again.
                    self.note("\(error)")
                }
                return true
            }
            if isDone { return true }
        }
        return false
    }

    // MARK: The table

    /// Looks at the revision, and takes over what is new.
    private func refresh() async throws {
        let known = self.state.withLock(\.contents)
        let revision = try await self.documents.revision()
        guard revision != known?.revision else { return }
        if revision == 0, let known, known.revision > 0 {
            throw SharedTableFault.emptied(revision: known.revision, mirror: self.mirror.path)
        }
        try await self.take(try await self.documents.read(after: known))
    }

    /// The first look at a table.
    private func meet() async throws {
        let contents = try await self.documents.read()
        let present = try await self.files.present()
        guard contents.revision > 0 else {
            guard present.isEmpty else { return try await self.fill(with: present) }
            return try await self.take(contents)
        }
        let strays = present.filter { contents.documents[$0.key]?.text != $0.value }.keys.sorted()
        guard strays.isEmpty else { throw SharedTableFault.strays(strays.map(\.description)) }
        try await self.take(contents)
    }

    /// Puts what was applied before there was a table into it.
    private func fill(with present: [ResourceKey: String]) async throws {
        let now = Int64(Date().timeIntervalSince1970)
        let texts = present.sorted { $0.key < $1.key }
        var batch: SharedDocuments.Changes = [:]
        var bytes = 0
        var contents = SharedDocuments.Contents()
        for (index, (key, text)) in texts.enumerated() {
            batch[key] = .init(text: text, created: self.firstSeen[key] ?? now, version: contents.revision + 1)
            bytes += text.utf8.count
            let isFull = batch.count >= SharedDocuments.batch.documents || bytes >= SharedDocuments.batch.bytes
            guard isFull || index == texts.count - 1 else { continue }
            guard let after = try await self.documents.write(batch, over: contents) else {
                throw SharedTableFault.filling
            }
            contents = after
            (batch, bytes) = ([:], 0)
        }
        self.logger.info("the shared table was filled", metadata: ["config.resources": "\(present.count)"])
        try await self.take(try await self.documents.read())
    }

    // MARK: The files

    /// Makes the files what the table says.
    private func take(_ contents: SharedDocuments.Contents) async throws {
        let known = self.state.withLock(\.contents)
        let old =
            if let known { known.documents.mapValues(\.text) } else { try await self.files.present() }
        self.files.date(contents.documents.mapValues(\.created))
        var changes: [ResourceKey: String?] = [:]
        for (key, document) in contents.documents where old[key] != document.text {
            changes.updateValue(document.text, forKey: key)
        }
        for key in old.keys where contents.documents[key] == nil { changes.updateValue(nil, forKey: key) }
        if !changes.isEmpty { try await self.files.change(changes) }
        self.state.withLock { $0.contents = contents }
        if contents != known { try self.mirror.store(contents) }
    }

    private func note(
        _ error: String?,
        _ trouble: String = "the shared table cannot be followed, the last state stands"
    ) {
        let before = self.state.withLock { state in
            defer { state.error = error }
            return state.error
        }
        if let error, before == nil {
            self.logger.warning("\(trouble)", metadata: ["error": "\(error)"])
        } else if error == nil, before != nil {
            self.logger.info("the shared table is followed again")
        }
    }
}

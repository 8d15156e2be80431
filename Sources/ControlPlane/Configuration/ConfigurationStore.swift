import Dispatch
import Foundation
package import Logging
package import MeshCompile
package import MeshConfig

/// The declared resources of a directory: follows its files, and changes them for the admin API.
package final class ConfigurationStore: Sendable {
    let directory: ConfigurationDirectory
    let files: AppliedFiles
    /// What replicas share; nil where there is one only.
    let shared: SharedConfiguration?
    private let memory: FirstSeenFile
    private let statuses: @Sendable () -> [ResourceKey: [ResourceCondition]]
    private let logger: Logger
    /// One change of files at a time, as each is judged against the set before it; on a thread of its own, as disks make
    /// callers wait.
    private let changing: DispatchQueue

    /// Makes a store; `run` follows the files.
    ///
    /// - Parameters:
    ///   - path: the directory. It is made if it is not there.
    ///   - mirror: a directory of our own, in which the last good versions outlive a restart.
    ///   - sharing: where what is applied is shared with other replicas, and kept of that; nil where there is none.
    ///   - statuses: what compiling has found out about resources.
    package init(
        path: String,
        mirror: String,
        memory: FirstSeenFile,
        sharing: (documents: SharedDocuments, mirror: MirrorFile)? = nil,
        logger: Logger,
        statuses: @escaping @Sendable () -> [ResourceKey: [ResourceCondition]]
    ) {
        try? FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        let firstSeen = memory.load()
        let directory = ConfigurationDirectory(
            path: path,
            firstSeen: firstSeen,
            lastGood: LastGoodFiles(directory: mirror),
            now: { Int64(Date().timeIntervalSince1970) },
            onFault: { fault in
                logger.error(
                    "configuration cannot be read",
                    metadata: ["error.code": "\(fault.code.rawValue)", "error": "\(fault)"]
                )
            }
        )
        let files = AppliedFiles(directory: path)
        let changing = DispatchQueue(label: "tulle.configuration")
        self.shared = sharing.map { sharing in
            SharedConfiguration(
                documents: sharing.documents,
                files: .init(
                    date: { directory.date($0) },
                    change: { changes in
                        try await Self.on(changing) {
                            Result { () throws(ConfigurationRefusal) in
                                for (key, text) in changes {
                                    if let text { try files.write(text, for: key) } else { try files.remove(key) }
                                }
                                // Whoever changed it may ask for it at once.
                                directory.load()
                            }
                        }.get()
                    },
                    present: { await Self.on(changing) { files.texts(in: directory.load()) } }
                ),
                mirror: sharing.mirror,
                firstSeen: firstSeen,
                logger: logger
            )
        }
        self.directory = directory
        self.files = files
        self.changing = changing
        self.memory = memory
        self.statuses = statuses
        self.logger = logger
    }

    /// What is in force now.
    package var current: ConfigurationSet { self.directory.current }

    /// Brings the files to what replicas share, where they share anything; waits for as long as nothing is known of that.
    /// To be done before `run`.
    ///
    /// - Throws: `SharedTableFault`, `AuthorityError`, `CancellationError`.
    package func begin() async throws {
        try await self.shared?.begin()
    }

    /// Follows the files, and what replicas share, until cancelled.
    ///
    /// - Parameter take: called with each new state, the first included.
    package func run(_ take: @Sendable (ConfigurationSet) -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.directory.run() }
            if let shared = self.shared { group.addTask { await shared.follow() } }
            var last: ConfigurationSet?
            for await set in self.directory.sets {
                self.tell(set, after: last)
                if set.firstSeen != last?.firstSeen { self.keep(set.firstSeen) }
                last = set
                take(set)
            }
            group.cancelAll()
        }
    }

    private func keep(_ firstSeen: [ResourceKey: Int64]) {
        do {
            try self.memory.store(firstSeen)
        } catch {
            self.logger.error("ages of resources cannot be stored", metadata: ["error": "\(error)"])
        }
    }

    /// Logs what changed, and each fault once.
    private func tell(_ set: ConfigurationSet, after last: ConfigurationSet?) {
        let change = set.change(from: last ?? .empty)
        if last == nil || !change.isEmpty {
            self.logger.info(
                last == nil ? "configuration read" : "configuration changed",
                metadata: [
                    "config.added": "\(change.added.count)", "config.changed": "\(change.changed.count)",
                    "config.removed": "\(change.removed.count)", "config.resources": "\(set.resources.count)",
                ]
            )
        }
        let known = Set(last?.diagnostics ?? [])
        for diagnostic in set.diagnostics where !known.contains(diagnostic) {
            let metadata: Logger.Metadata = ["error.code": "\(diagnostic.code.rawValue)", "error": "\(diagnostic)"]
            switch diagnostic.severity {
            case .error: self.logger.error("configuration has a fault", metadata: metadata)
            case .warning: self.logger.warning("configuration may not mean this", metadata: metadata)
            }
        }
    }
}

extension ConfigurationStore {
    /// Does something on the thread that changes files.
    func changing<Outcome: Sendable>(_ body: @escaping @Sendable () -> Outcome) async -> Outcome {
        await Self.on(self.changing, body)
    }

    private static func on<Outcome: Sendable>(
        _ queue: DispatchQueue,
        _ body: @escaping @Sendable () -> Outcome
    ) async -> Outcome {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}

extension ConfigurationStore: ResourceAdministration {
    package func resources(_ filter: ResourceFilter) async throws(AdminFault) -> [AdminResource] {
        let statuses = self.statuses()
        return self.current.entries.compactMap { entry -> AdminResource? in
            guard let key = entry.key, filter.takes(key) else { return nil }
            return AdminResource(entry, key: key, conditions: statuses[key] ?? [])
        }.sorted { $0.key < $1.key }
    }
}

extension ResourceFilter {
    fileprivate func takes(_ key: ResourceKey) -> Bool {
        (self.kind ?? key.kind) == key.kind && (self.namespace ?? key.namespace) == key.namespace
            && (self.name ?? key.name) == key.name
    }
}

extension AdminResource {
    fileprivate init(_ entry: ConfigurationSet.Entry, key: ResourceKey, conditions: [ResourceCondition]) {
        let state: State =
            switch entry.status {
            case .accepted: .accepted
            case .lastGood: .lastGood
            case .refused: .refused
            }
        let metadata = entry.resource?.metadata ?? ResourceMetadata(name: key.name, namespace: key.namespace)
        self.init(
            key: key,
            apiVersion: entry.resource?.apiVersion ?? key.kind.apiVersions.first ?? "",
            metadata: metadata.value,
            spec: entry.resource?.written ?? .null,
            state: state,
            origin: ResourceOrigin(file: entry.file, line: entry.line),
            // What is in force has conditions; a document that never was has none.
            conditions: entry.resource == nil ? [] : conditions.map(Condition.init),
            diagnostics: entry.diagnostics.map(AdminDiagnostic.init)
        )
    }
}

extension AdminResource.Condition {
    fileprivate init(_ condition: ResourceCondition) {
        self.init(
            type: condition.kind.rawValue,
            status: condition.isTrue ? "True" : "False",
            reason: condition.reason,
            message: condition.message
        )
    }
}

extension ResourceMetadata {
    fileprivate var value: ConfigValue {
        var entries: [String: ConfigValue] = ["name": .string(self.name)]
        if !self.namespace.isEmpty { entries["namespace"] = .string(self.namespace) }
        if !self.labels.isEmpty { entries["labels"] = .map(self.labels.mapValues { .string($0) }) }
        if !self.annotations.isEmpty { entries["annotations"] = .map(self.annotations.mapValues { .string($0) }) }
        if self.created > 0 {
            let date = Date(timeIntervalSince1970: TimeInterval(self.created))
            entries["creationTimestamp"] = .string(date.formatted(.iso8601))
        }
        return .map(entries)
    }
}

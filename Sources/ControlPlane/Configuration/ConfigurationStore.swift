import Dispatch
import Foundation
package import Logging
package import MeshCompile
package import MeshConfig

/// The declared resources of a directory: follows its files, and changes them for the admin API.
package final class ConfigurationStore: Sendable {
    private let directory: ConfigurationDirectory
    private let files: AppliedFiles
    private let memory: FirstSeenFile
    private let statuses: @Sendable () -> [ResourceKey: [ResourceCondition]]
    private let logger: Logger
    /// One change of files at a time, as each is judged against the set before it; on a thread of its own, as disks make
    /// callers wait.
    private let changing = DispatchQueue(label: "tulle.configuration")

    /// The most documents of one request.
    private static let documents = 1_000

    /// Makes a store; `run` follows the files.
    ///
    /// - Parameters:
    ///   - path: the directory. It is made if it is not there.
    ///   - mirror: a directory of our own, in which the last good versions outlive a restart.
    ///   - statuses: what compiling has found out about resources.
    package init(
        path: String,
        mirror: String,
        memory: FirstSeenFile,
        logger: Logger,
        statuses: @escaping @Sendable () -> [ResourceKey: [ResourceCondition]]
    ) {
        try? FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        self.directory = ConfigurationDirectory(
            path: path,
            firstSeen: memory.load(),
            lastGood: LastGoodFiles(directory: mirror),
            now: { Int64(Date().timeIntervalSince1970) },
            onFault: { fault in
                logger.error(
                    "configuration cannot be read",
                    metadata: ["error.code": "\(fault.code.rawValue)", "error": "\(fault)"]
                )
            }
        )
        self.files = AppliedFiles(directory: path)
        self.memory = memory
        self.statuses = statuses
        self.logger = logger
    }

    /// What is in force now.
    package var current: ConfigurationSet { self.directory.current }

    /// Follows the files until cancelled.
    ///
    /// - Parameter take: called with each new state, the first included.
    package func run(_ take: @Sendable (ConfigurationSet) -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.directory.run() }
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

extension ConfigurationStore: ResourceAdministration {
    package func resources(_ filter: ResourceFilter) async throws(AdminFault) -> [AdminResource] {
        let statuses = self.statuses()
        return self.current.entries.compactMap { entry -> AdminResource? in
            guard let key = entry.key, filter.takes(key) else { return nil }
            return AdminResource(entry, key: key, conditions: statuses[key] ?? [])
        }.sorted { $0.key < $1.key }
    }

    /// Does something on the thread that changes files.
    private func changing<Outcome: Sendable>(_ body: @escaping @Sendable () -> Outcome) async -> Outcome {
        await withCheckedContinuation { continuation in
            self.changing.async { continuation.resume(returning: body()) }
        }
    }

    package func apply(_ yaml: String, isDryRun: Bool) async throws(AdminFault) -> [AppliedResource] {
        let outcome = await self.changing { () -> Result<[AppliedResource], AdminFault> in
            let set = self.directory.load()
            let file = ConfigurationReader(keepsText: true).read(yaml, path: "-")
            guard file.documents.count <= Self.documents else {
                let reason = "\(file.documents.count) documents, at most \(Self.documents) are allowed in one request"
                return .failure(AdminFault(.tooLarge, reason))
            }
            let accepted = Set(set.entries.filter { $0.status == .accepted }.compactMap(\.key))
            var results: [AppliedResource] = []
            var seen: Set<ResourceKey> = []
            for document in file.documents {
                var result = AppliedResource(
                    kind: document.key?.kind.rawValue ?? "",
                    namespace: document.key?.namespace ?? "",
                    name: document.key?.name ?? "",
                    action: .refused,
                    diagnostics: document.diagnostics.map(AdminDiagnostic.init)
                )
                if let key = document.key, let resource = document.resource, let text = document.text {
                    if seen.insert(key).inserted {
                        // What is in force only as the last good version is written anew.
                        let old = accepted.contains(key) ? set[key] : nil
                        self.apply(resource, text, over: set, old: old, isDryRun: isDryRun, &result)
                    } else {
                        let twice = AdminDiagnostic(
                            line: document.line,
                            field: "",
                            reason: "\(key) stands in this text already",
                            code: ConfigurationCode.duplicateResource.rawValue
                        )
                        result.diagnostics.append(twice)
                    }
                }
                results.append(result)
            }
            // What is wrong with the text as a whole belongs to no document, and must be seen all the same.
            if !file.diagnostics.isEmpty {
                let whole = file.diagnostics.map(AdminDiagnostic.init)
                results.append(
                    AppliedResource(kind: "", namespace: "", name: "", action: .refused, diagnostics: whole)
                )
            }
            // The caller may ask at once for what it has applied.
            if !isDryRun { self.directory.load() }
            return .success(results)
        }
        return try outcome.get()
    }

    private func apply(
        _ resource: DeclaredResource,
        _ text: String,
        over set: ConfigurationSet,
        old: DeclaredResource?,
        isDryRun: Bool,
        _ result: inout AppliedResource
    ) {
        let isSame =
            old.map { old in
                old.spec == resource.spec && old.apiVersion == resource.apiVersion
                    && old.metadata.labels == resource.metadata.labels
                    && old.metadata.annotations == resource.metadata.annotations
            } ?? false
        do throws(ConfigurationRefusal) {
            if !isSame {
                if isDryRun {
                    try self.files.check(Array(text.utf8), over: set)
                } else {
                    try self.files.apply(Array(text.utf8), over: set)
                }
            }
            result.action = isSame ? .unchanged : set[resource.key] == nil ? .created : .configured
        } catch {
            result.diagnostics += error.diagnostics.map(AdminDiagnostic.init)
        }
    }

    package func delete(_ key: ResourceKey) async throws(AdminFault) {
        let outcome = await self.changing { () -> Result<Bool, ConfigurationRefusal> in
            let set = self.directory.load()
            guard set.entries.contains(where: { $0.key == key }) else { return .success(false) }
            do throws(ConfigurationRefusal) {
                let wasThere = try self.files.delete(key, from: set)
                self.directory.load()
                return .success(wasThere)
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(true): return
        case .success(false): throw AdminFault(.notFound, "there is no \(key)")
        case .failure(let refusal): throw AdminFault(.conflict, "\(refusal)")
        }
    }
}

extension ResourceFilter {
    fileprivate func takes(_ key: ResourceKey) -> Bool {
        (self.kind ?? key.kind) == key.kind && (self.namespace ?? key.namespace) == key.namespace
            && (self.name ?? key.name) == key.name
    }
}

extension AdminDiagnostic {
    fileprivate init(_ diagnostic: ConfigurationDiagnostic) {
        var file = "-"
        var line: Int?
        if case .file(let name, let number) = diagnostic.place { (file, line) = (name, number) }
        self.init(
            file: file,
            line: line,
            field: diagnostic.field,
            reason: diagnostic.reason,
            severity: diagnostic.severity == .error ? .error : .warning,
            code: diagnostic.code.rawValue
        )
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

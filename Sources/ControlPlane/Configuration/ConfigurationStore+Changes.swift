package import MeshConfig
import Synchronization

/// What changes by the admin API: the files alone, or what replicas share and through that their files.
extension ConfigurationStore {
    package func apply(_ yaml: String, isDryRun: Bool) async throws(AdminFault) -> [AppliedResource] {
        if let shared = self.shared { return try await self.apply(yaml, isDryRun: isDryRun, to: shared) }
        let outcome = await self.changing {
            Result { () throws(AdminFault) in
                var plan = try ConfigurationPlan(yaml, over: self.directory.load(), files: self.files)
                if isDryRun { return plan.results }
                for write in plan.writes {
                    do throws(ConfigurationRefusal) {
                        try self.files.write(write.text, for: write.key)
                    } catch {
                        plan.fail(write, error)
                    }
                }
                // The caller may ask at once for what it has applied.
                self.directory.load()
                return plan.results
            }
        }
        return try outcome.get()
    }

    package func delete(_ key: ResourceKey) async throws(AdminFault) {
        if let shared = self.shared { return try await self.delete(key, from: shared) }
        let outcome = await self.changing { () -> Result<Bool, ConfigurationRefusal> in
            let set = self.directory.load()
            guard set.entries.contains(where: { $0.key == key }) else { return .success(false) }
            return Result { () throws(ConfigurationRefusal) in
                let wasThere = try self.files.delete(key, from: set)
                self.directory.load()
                return wasThere
            }
        }
        switch outcome {
        case .success(true): return
        case .success(false): throw Self.absent(key)
        case .failure(let refusal): throw AdminFault(.conflict, "\(refusal)")
        }
    }

    private static func absent(_ key: ResourceKey) -> AdminFault { AdminFault(.notFound, "there is no \(key)") }

    // MARK: What replicas share

    fileprivate struct Progress: Sendable {
        var results: [AppliedResource] = []
        var actions: [ResourceKey: AppliedResource.Action] = [:]
        /// What goes into the next transaction.
        var batch: [ResourceKey: AppliedResource.Action] = [:]
        var rest = 0
    }

    private func apply(
        _ yaml: String,
        isDryRun: Bool,
        to shared: SharedConfiguration
    ) async throws(AdminFault) -> [AppliedResource] {
        let progress = Mutex(Progress())
        // Each round writes a document at least.
        for _ in 0...ConfigurationPlan.documents {
            try await Self.change(shared, { progress.withLock(\.actions.count) }) { contents in
                let plan = try await self.plan(yaml)
                return try progress.withLock { try $0.take(plan, over: contents, isDryRun: isDryRun) }
            }
            let isDone = progress.withLock { progress in
                progress.actions.merge(progress.batch) { $1 }
                return progress.rest == 0
            }
            if isDone { break }
        }
        return progress.withLock(\.results)
    }

    /// Over the files as the table says.
    private func plan(_ yaml: String) async throws(AdminFault) -> ConfigurationPlan {
        let outcome = await self.changing {
            Result { () throws(AdminFault) in
                try ConfigurationPlan(
                    yaml,
                    over: self.directory.load(),
                    files: self.files,
                    documentBytes: SharedDocuments.documentBytes
                )
            }
        }
        return try outcome.get()
    }

    private func delete(_ key: ResourceKey, from shared: SharedConfiguration) async throws(AdminFault) {
        try await Self.change(shared, { 0 }) { contents in
            let outcome = await self.changing {
                Result { () throws(ConfigurationRefusal) in
                    try self.files.checkRemoval(of: key, from: self.directory.load())
                }
            }
            if case .failure(let refusal) = outcome { throw AdminFault(.conflict, "\(refusal)") }
            guard contents.documents[key] != nil else { throw Self.absent(key) }
            return [key: nil]
        }
    }

    /// - Parameter done: how many resources were changed before by the same request.
    private static func change(
        _ shared: SharedConfiguration,
        _ done: () -> Int,
        _ plan: @escaping @Sendable (SharedDocuments.Contents) async throws -> [ResourceKey: String?]
    ) async throws(AdminFault) {
        let fault: AdminFault
        do {
            if try await shared.change(plan) { return }
            fault = AdminFault(
                .conflict,
                "other replicas changed the configuration \(SharedConfiguration.attempts) times meanwhile; try again"
            )
        } catch let other as AdminFault {
            fault = other
        } catch {
            fault = AdminFault(.unavailable, "the shared table did not take the change, as far as is known: \(error)")
        }
        guard done() > 0 else { throw fault }
        throw AdminFault(fault.code, "\(fault.message); \(done()) resources of the request were applied before")
    }
}

extension ConfigurationStore.Progress {
    /// Takes as many writes of a plan as fit into one transaction.
    fileprivate mutating func take(
        _ plan: ConfigurationPlan,
        over contents: SharedDocuments.Contents,
        isDryRun: Bool
    ) throws(AdminFault) -> [ResourceKey: String?] {
        var plan = plan
        plan.recall(self.actions)
        self.results = plan.results
        (self.batch, self.rest) = ([:], 0)
        if isDryRun { return [:] }
        let new = plan.writes.filter { contents.documents[$0.key] == nil }.count
        guard contents.documents.count + new <= SharedDocuments.documents else {
            let reason = "\(contents.documents.count + new) resources would be applied, at most "
            throw AdminFault(.tooLarge, "\(reason)\(SharedDocuments.documents) are allowed")
        }
        var changes: [ResourceKey: String?] = [:]
        var bytes = 0
        for write in plan.writes {
            guard changes.count < SharedDocuments.batch.documents,
                changes.isEmpty || bytes + write.text.utf8.count <= SharedDocuments.batch.bytes
            else { break }
            changes.updateValue(write.text, forKey: write.key)
            self.batch[write.key] = plan.results[write.index].action
            bytes += write.text.utf8.count
        }
        self.rest = plan.writes.count - changes.count
        return changes
    }
}

import ControlPlane
import Foundation
import MeshConfig
import Synchronization

/// Resources in memory: a document is one line, `<Kind> <namespace> <name> <content>`; the content `bad` is refused.
final class TestResources: ResourceAdministration {
    let stored = Mutex<[ResourceKey: String]>([:])

    func resources(_ filter: ResourceFilter) async throws(AdminFault) -> [AdminResource] {
        self.stored.withLock { $0 }.sorted { $0.key < $1.key }.filter { key, _ in
            (filter.kind ?? key.kind) == key.kind && (filter.namespace ?? key.namespace) == key.namespace
                && (filter.name ?? key.name) == key.name
        }.map { key, content in
            AdminResource(
                key: key,
                apiVersion: key.kind.apiVersions[0],
                metadata: .map(["name": .string(key.name), "namespace": .string(key.namespace)]),
                spec: .map(["content": .string(content), "number": .integer(3), "list": .list([.bool(true), .null])]),
                state: .accepted,
                origin: ResourceOrigin(file: "-", line: 1),
                conditions: [.init(type: "Accepted", status: "True", reason: "Accepted", message: "")]
            )
        }
    }

    func apply(_ yaml: String, isDryRun: Bool) async throws(AdminFault) -> [AppliedResource] {
        var results: [AppliedResource] = []
        for (index, line) in yaml.split(separator: "\n").enumerated() {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let kind = ResourceKind(rawValue: words[0]) else {
                throw AdminFault(.badRequest, "line \(index + 1) is no document")
            }
            let key = ResourceKey(kind: kind, namespace: words[1], name: words[2])
            let old = self.stored.withLock { $0[key] }
            var result = AppliedResource(kind: words[0], namespace: words[1], name: words[2], action: .created)
            if words[3] == "bad" {
                result.action = .refused
                result.diagnostics = [
                    AdminDiagnostic(line: index + 1, field: "spec", reason: "is 'bad'", code: "value_unusable")
                ]
            } else {
                if let old { result.action = old == words[3] ? .unchanged : .configured }
                if !isDryRun { self.stored.withLock { $0[key] = words[3] } }
            }
            results.append(result)
        }
        return results
    }

    func delete(_ key: ResourceKey) async throws(AdminFault) {
        guard self.stored.withLock({ $0.removeValue(forKey: key) }) != nil else {
            throw AdminFault(.notFound, "there is no \(key)")
        }
    }
}

/// Join tokens in memory.
final class TestTokens: TokenAdministration {
    let stored = Mutex<[AdminToken]>([])

    func tokens() async throws(AdminFault) -> [AdminToken] { self.stored.withLock { $0 } }

    func make(_ wish: TokenWish) async throws(AdminFault) -> MadeToken {
        let created = Date(timeIntervalSince1970: 1_700_000_000)
        let entry = AdminToken(
            id: "t\(self.stored.withLock { $0.count })",
            namespace: wish.namespace,
            serviceAccount: wish.serviceAccount,
            state: .active,
            created: created,
            expires: created.addingTimeInterval(Double(wish.ttlSeconds ?? 3600)),
            usesLeft: wish.uses ?? 1
        )
        self.stored.withLock { $0.append(entry) }
        return MadeToken(entry: entry, token: "secret-of-\(entry.id)")
    }

    func revoke(_ id: String) async throws(AdminFault) {
        let isKnown = self.stored.withLock { tokens in
            guard let index = tokens.firstIndex(where: { $0.id == id }) else { return false }
            tokens[index].state = .revoked
            return true
        }
        guard isKnown else { throw AdminFault(.notFound, "there is no token '\(id)'") }
    }
}

/// A rotation in memory.
final class TestRotation: RotationAdministration {
    let steps = Mutex<[String]>([])

    func status() async throws(AdminFault) -> ConfigValue {
        .map(["phase": .string(self.steps.withLock { $0.last } ?? "idle")])
    }

    func take(_ step: RotationStep, isForced: Bool) async throws(AdminFault) -> ConfigValue {
        guard step != .finish || isForced else { throw AdminFault(.conflict, "2 of 3 data planes have the new root") }
        self.steps.withLock { $0.append(step.rawValue) }
        return try await self.status()
    }
}

/// Sessions in memory.
final class TestSessions: SessionAdministration {
    static let time = Date(timeIntervalSince1970: 1_700_000_000)
    let isUnavailable = Mutex(false)

    func replace() async throws(AdminFault) -> Date {
        guard !self.isUnavailable.withLock({ $0 }) else { throw AdminFault(.unavailable, "the table does not answer") }
        return Self.time
    }
}

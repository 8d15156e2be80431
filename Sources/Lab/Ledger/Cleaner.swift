import Foundation
import Glibc

/// Removes what a ledger lists, newest first, and nothing else.
package struct Cleaner: Sendable {
    private let ledger: Ledger
    private let tools = Tools()

    package init(ledger: Ledger) { self.ledger = ledger }

    /// Removes everything that the ledger lists.
    ///
    /// Goes on after a failure and returns one line for each thing that is still there.
    package func removeAll() async -> [String] {
        var problems: [String] = []
        // Processes first: they hold namespaces and files open.
        let resources = self.ledger.resources.reversed()
        for resource in resources.filter(\.isProcesses) + resources.filter({ !$0.isProcesses }) {
            do {
                try await self.remove(resource)
                try self.ledger.didRemove(resource)
            } catch {
                problems.append("\(resource): \(error)")
            }
        }
        return problems
    }

    /// Removes one resource; one that isn't there is as good as removed.
    package func remove(_ resource: Resource) async throws {
        switch resource {
        case .processes(let labID):
            try await self.killProcesses(labID: labID)
        case .namespace(let name):
            try await self.removeNamespace(name)
        case .link(let name):
            if Self.hasLink(name) { try await self.tolerant("ip", ["link", "delete", name]) { Self.hasLink(name) } }
        case .bridge(let name):
            if Self.hasLink(name) { try await self.tolerant("ip", ["link", "delete", name]) { Self.hasLink(name) } }
        case .directory(let path):
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        case .emptyDirectory(let path):
            rmdir(path)
        case .controlGroup(let path):
            try await ControlGroup.remove(path)
        case .forwardRule(let arguments):
            _ = try await self.tools.result("iptables", ["-w", "5", "-D"] + arguments)
        }
    }

    /// Whether the host has a network interface of this name.
    package static func hasLink(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "/sys/class/net/\(name)")
    }

    /// Whether a named network namespace exists.
    package static func hasNamespace(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "/run/netns/\(name)")
    }

    private func removeNamespace(_ name: String) async throws {
        guard Self.hasNamespace(name) else { return }
        // Whoever is still inside belongs to the task, under whatever name it runs.
        for _ in 0..<10 {
            let inside = try await self.tools.run("ip", ["netns", "pids", name])
            let ids = inside.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
            if ids.isEmpty { break }
            for id in ids { kill(id, SIGKILL) }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await self.tolerant("ip", ["netns", "delete", name]) { Self.hasNamespace(name) }
    }

    private func killProcesses(labID: String) async throws {
        let table = ProcessTable()
        for _ in 0..<50 {
            let own = getpid()
            let ids = table.processes(markedWith: labID).filter { $0 != own && table.startTime(of: $0) != nil }
            if ids.isEmpty { return }
            for id in ids { kill(id, SIGKILL) }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw LabError(.timedOut, "processes of lab \(labID) don't end")
    }

    /// Runs a removal and counts it as done if the thing is gone, whatever the tool says.
    private func tolerant(_ tool: String, _ arguments: [String], isThere: () -> Bool) async throws {
        do {
            try await self.tools.run(tool, arguments)
        } catch {
            if isThere() { throw error }
        }
    }
}

extension Resource {
    fileprivate var isProcesses: Bool {
        if case .processes = self { return true }
        return false
    }
}

import Foundation

/// Who runs a lab; written when it starts, so that `down` finds it and its leftovers.
package struct LabIdentity: Codable, Sendable {
    /// Stands for this lab in names and in its processes' environment.
    package var labID: String
    package var processID: Int32
    /// The process's start in clock ticks, so that another process with its id isn't taken for it.
    package var startTime: UInt64
    package var mode: LabConfiguration.Mode
    package var apiURL: String

    /// The identity in a state directory; nil if no lab has been there.
    package static func read(_ files: StateDirectory) -> LabIdentity? {
        FileManager.default.contents(atPath: files.identity).flatMap { try? JSONDecoder().decode(Self.self, from: $0) }
    }

    /// Whether the lab's process is there.
    package var isRunning: Bool { ProcessTable().startTime(of: self.processID) == self.startTime }
}

/// What a running lab tells `status`, `exec` and `logs`: a file of mode 0600, replaced at each change.
package struct LabStatus: Codable, Sendable {
    package var labID: String
    package var isReady: Bool
    package var tasks: [TaskRecord]

    /// The status of the lab that runs in a state directory.
    ///
    /// Fails if none runs there.
    package static func read(_ files: StateDirectory) throws -> LabStatus {
        guard let identity = LabIdentity.read(files), identity.isRunning else {
            throw LabError(.notRunning, "no lab runs in \(files.root): start one with `tulle-lab up`")
        }
        guard let data = FileManager.default.contents(atPath: files.status),
            let status = try? JSONDecoder().decode(LabStatus.self, from: data)
        else { throw LabError(.notRunning, "the lab in \(files.root) is still starting") }
        return status
    }

    /// The task that a person means: by id or its beginning, or the newest running one of a service or family.
    package func task(service: String?, id: String?) throws -> TaskRecord {
        var candidates = self.tasks
        if let service {
            candidates = candidates.filter { $0.service == service || ($0.service == nil && $0.family == service) }
            guard !candidates.isEmpty else {
                let known = Set(self.tasks.map { $0.service ?? $0.family }).sorted().joined(separator: ", ")
                throw LabError(
                    .notFound,
                    "no task of service \(service); tasks there are of: \(known.isEmpty ? "none" : known)"
                )
            }
        }
        if let id {
            candidates = candidates.filter { $0.id.hasPrefix(id.split(separator: "/").last ?? "") }
            guard !candidates.isEmpty else { throw LabError(.notFound, "no such task: \(id)") }
        }
        let running = candidates.filter { $0.lastStatus == "RUNNING" && $0.desiredStatus == "RUNNING" }
        guard let task = running.last ?? candidates.last else { throw LabError(.notFound, "there are no tasks") }
        return task
    }

    /// A table for people.
    package var table: String {
        var rows = [["SERVICE", "TASK", "ADDRESS", "STATUS", "HEALTH", "CONTAINERS"]]
        for task in self.tasks {
            let containers = task.containers.map { container in
                var text = "\(container.name)=\(container.status)"
                if container.hasHealthCheck { text += "/\(container.health.rawValue)" }
                if let code = container.exitCode { text += "(\(code))" }
                return text
            }
            rows.append([
                task.service ?? "(\(task.family))", task.id, task.address, task.lastStatus, task.health.rawValue,
                containers.joined(separator: " "),
            ])
        }
        let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { index, cell in
                index == 5 ? cell : cell.padding(toLength: widths[index], withPad: " ", startingAt: 0)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// JSON for programs: without environments, which may hold secrets.
    ///
    /// A task's status and health go by ECS's names as well.
    package func json() throws -> String {
        struct Container: Codable {
            var name, image, status, health, runtimeID: String
            var exitCode, processID: Int32?
            var restarts: Int
            var log: String
        }
        struct Task: Codable {
            var id, arn, cluster, address, status, health, lastStatus, healthStatus, availabilityZone: String
            var launchType: String
            var service, namespace, stoppedReason, addressV6: String?
            var containers: [Container]
        }
        let tasks = self.tasks.map { task in
            Task(
                id: task.id,
                arn: task.arn,
                cluster: task.cluster,
                address: task.address,
                status: task.lastStatus,
                health: task.health.rawValue,
                lastStatus: task.lastStatus,
                healthStatus: task.health.rawValue,
                availabilityZone: task.availabilityZone,
                launchType: task.launchType,
                service: task.service,
                namespace: task.namespace,
                stoppedReason: task.stoppedReason,
                addressV6: task.addressV6,
                containers: task.containers.map {
                    Container(
                        name: $0.name,
                        image: $0.image,
                        status: $0.status,
                        health: $0.health.rawValue,
                        runtimeID: $0.runtimeID,
                        exitCode: $0.exitCode,
                        processID: $0.processID,
                        restarts: $0.restarts,
                        log: $0.logPath
                    )
                }
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(["tasks": tasks]), as: UTF8.self)
    }
}

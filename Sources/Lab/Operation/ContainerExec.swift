import Foundation
import Glibc

/// Runs a command in a running container, as ECS Exec does.
package struct ContainerExec: Sendable {
    private let status: LabStatus

    package init(_ status: LabStatus) { self.status = status }

    /// Becomes the command: same namespace, resolv.conf, user, environment and directory as the container's.
    ///
    /// Returns only by failing. The command has this program's terminal, and its exit code is this program's.
    package func run(service: String?, task id: String?, container name: String?, command: [String]) throws -> Never {
        let task = try self.status.task(service: service, id: id)
        let container = try Self.container(of: task, named: name)
        guard let plan = container.plan, container.status == "RUNNING" else {
            throw LabError(.notRunning, "container \(container.name) of task \(task.id) is \(container.status)")
        }
        let line = try plan.commandLine(for: command)
        guard let program = line.first else { throw LabError(.invalidConfiguration, "nothing to run") }
        var environment = plan.environment
        if let terminal = ProcessInfo.processInfo.environment["TERM"] { environment["TERM"] = terminal }
        let arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        execve(program, arguments, variables)
        throw LabError(.commandFailed, "can't run \(program): \(String(cString: strerror(errno)))")
    }

    /// A task's container by name, or its main one.
    package static func container(of task: TaskRecord, named name: String?) throws -> TaskRecord.Container {
        guard let name else {
            guard let main = task.mainContainer else { throw LabError(.notFound, "task \(task.id) has no container") }
            return main
        }
        guard let container = task.containers.first(where: { $0.name == name }) else {
            let known = task.containers.map(\.name).joined(separator: ", ")
            throw LabError(.notFound, "task \(task.id) has no container \(name); it has \(known)")
        }
        return container
    }
}

import MeshModel
import TunnelEngine

/// The tasks that run on the host, each with its network namespace.
///
/// Confined to the control loop. A namespace is opened once and held as long as its task runs, so that no other process
/// that gets an old number is ever taken for the task.
struct TaskRegister {
    /// A task that could be served.
    struct Entry {
        var task: HostTask
        var tenant: NamespaceTenant
    }

    /// The task's pause container, of which the agent makes the namespace before any other is started.
    static let pauseName = "~internal~ecs~pause"

    private(set) var entries: [String: Entry] = [:]
    private let processes: HostProcesses
    private let limits: DaemonLimits

    init(processes: HostProcesses, limits: DaemonLimits) {
        self.processes = processes
        self.limits = limits
    }

    /// Takes over what runs now.
    /// - Parameter isServed: whether a task is served already.
    /// - Returns: tasks whose namespace could not be opened, and why.
    mutating func take(_ tasks: [HostTask], isServed: (String) -> Bool) -> [(id: String, reason: String)] {
        var next: [String: Entry] = [:]
        var failures: [(id: String, reason: String)] = []
        for task in tasks where !task.usesHostNetwork && next.count < self.limits.tasks * 2 {
            if var known = self.entries[task.id] {
                known.task = task
                // The agent starts the pause container first and gives its network the address afterwards.
                if !isServed(task.id), let addresses = try? known.tenant.namespace.addresses() {
                    known.tenant = NamespaceTenant(namespace: known.tenant.namespace, addresses: addresses)
                }
                next[task.id] = known
                continue
            }
            do throws(SocketError) {
                if let tenant = try self.open(task) { next[task.id] = Entry(task: task, tenant: tenant) }
            } catch {
                failures.append((task.id, "\(error)"))
            }
        }
        self.entries = next
        return failures
    }

    /// The task's namespace; nil when it is the host's own.
    private func open(_ task: HostTask) throws(SocketError) -> NamespaceTenant? {
        var failure = SocketError(code: 3, call: "open network namespace")
        for container in task.containers {
            do throws(SocketError) {
                let namespace = try NetworkNamespace(path: "\(self.processes.root)/\(container.process)/ns/net")
                // Between the list and now the number may have been given to another process.
                guard self.processes.isProcess(container.process, of: container.id) else { continue }
                guard namespace != NetworkNamespace.home else { return nil }
                return NamespaceTenant(namespace: namespace, addresses: try namespace.addresses())
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// What the mesh says of each task.
    func standings(in snapshot: MeshSnapshot, network: String) -> [String: TaskLedger.Standing] {
        self.entries.mapValues { entry in
            if entry.task.hasOwnProxy { return .notOurs }
            // As long as there is only the pause container nobody knows whether a ztunnel of its own will follow.
            guard entry.task.containers.contains(where: { $0.name != Self.pauseName }) else { return .unknown }
            let id = entry.task.id
            let found = entry.tenant.workload(in: snapshot, network: network) {
                $0.name == id || $0.uid.hasSuffix("/\(id)")
            }
            guard let found else { return .unknown }
            return found.tunnel == .hbone ? .enrolled(found.identity) : .notOurs
        }
    }
}

import DataPlane
import MeshModel
import TunnelEngine

/// Finds tasks by the ECS agent's introspection endpoint and their processes in `/proc`.
///
/// Confined to the control loop. The endpoint has no events, so it is asked every few seconds.
final class AgentSource: TaskSource {
    private let loop: EventLoop
    private let address: SocketAddress
    private let processes: HostProcesses
    private let limits: DaemonLimits
    private var onTasks: (([HostTask]) -> Void)?
    private var onFailure: ((String) -> Void)?
    private var found: [String: HostProcesses.Found] = [:]
    private var listed: [AgentDocuments.Task] = []
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// - Parameters:
    ///   - address: the agent's endpoint.
    ///   - processes: the host's processes.
    init(loop: EventLoop, address: SocketAddress, processes: HostProcesses, limits: DaemonLimits) {
        self.loop = loop
        self.address = address
        self.processes = processes
        self.limits = limits
    }

    func start(onTasks: @escaping ([HostTask]) -> Void, onFailure: @escaping (String) -> Void) {
        self.onTasks = onTasks
        self.onFailure = onFailure
        self.read()
    }

    func doubt(_ taskID: String) {
        for task in self.listed where HostTask.id(arn: task.arn) == taskID {
            for container in task.containers { self.found[container.id] = nil }
        }
    }

    func stop() {
        self.onTasks = nil
        self.onFailure = nil
        self.alarm.cancel()
    }

    private func read() {
        guard self.onTasks != nil, let request = HTTPClientRequest(host: "\(self.address)", target: "/v1/tasks") else {
            return
        }
        HTTPFetch.get(
            loop: self.loop,
            address: self.address,
            request: request,
            bodyLimit: self.limits.answerBytes
        ) { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let failure):
                self.onFailure?("list of tasks at \(self.address): \(failure)")
            case .success(let body):
                if let tasks = AgentDocuments.tasks(body, limit: self.limits.containers) {
                    self.take(tasks)
                } else {
                    self.onFailure?("list of tasks at \(self.address) is unusable")
                }
            }
            self.alarm.set(after: self.limits.pollMilliseconds) { [weak self] in self?.read() }
        }
    }

    private func take(_ tasks: [AgentDocuments.Task]) {
        self.listed = tasks
        let ids = Set(tasks.flatMap(\.containers).map(\.id))
        self.found = self.found.filter { ids.contains($0.key) && self.processes.isAlive($0.value.process) }
        self.found.merge(self.processes.find(ids.filter { self.found[$0] == nil })) { _, new in new }
        self.onTasks?(tasks.compactMap { self.task($0) })
    }

    private func task(_ listed: AgentDocuments.Task) -> HostTask? {
        let containers = listed.containers.compactMap { container -> HostTask.Container? in
            guard let found = self.found[container.id] else { return nil }
            return HostTask.Container(
                id: container.id,
                name: container.name,
                process: found.process,
                credentialsPath: found.credentialsPath
            )
        }
        guard !containers.isEmpty else { return nil }
        return HostTask(arn: listed.arn, containers: containers, usesHostNetwork: !listed.hasOwnNetwork)
    }
}

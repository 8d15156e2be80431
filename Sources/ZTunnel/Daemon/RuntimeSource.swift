import DataPlane
import TunnelEngine

/// Finds tasks by Docker's Engine API: the list of containers tells who runs, events tell when to read it again.
///
/// Confined to the control loop. Events are only a hint, so that a lost one costs time and no task.
final class RuntimeSource: TaskSource {
    private let loop: EventLoop
    private let socketPath: String
    private let limits: DaemonLimits
    private var onTasks: (([HostTask]) -> Void)?
    private var onFailure: ((String) -> Void)?
    private var events: RuntimeEvents?
    private var inspected: [String: RuntimeDocuments.Inspected] = [:]
    /// The list that is being worked on.
    private var listed: [RuntimeDocuments.Listed] = []
    private var toInspect: [String] = []
    private var underway = 0
    private var isReading = false
    /// Whether something happened while the list was being read.
    private var isStale = false
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// After an event more are likely to follow at once.
    private static let settleMilliseconds: UInt64 = 20

    /// - Parameter socketPath: the API's unix socket.
    init(loop: EventLoop, socketPath: String, limits: DaemonLimits) {
        self.loop = loop
        self.socketPath = socketPath
        self.limits = limits
    }

    func start(onTasks: @escaping ([HostTask]) -> Void, onFailure: @escaping (String) -> Void) {
        self.onTasks = onTasks
        self.onFailure = onFailure
        let events = RuntimeEvents(loop: self.loop, socketPath: self.socketPath, limits: self.limits) { [weak self] in
            self?.somethingHappened()
        }
        self.events = events
        events.start()
        self.read()
    }

    func doubt(_ taskID: String) {
        for container in self.listed where HostTask.id(arn: container.taskARN) == taskID {
            self.inspected[container.id] = nil
        }
    }

    func stop() {
        self.onTasks = nil
        self.onFailure = nil
        self.alarm.cancel()
        self.events?.stop()
        self.events = nil
    }

    private func somethingHappened() {
        guard !self.isReading else { return self.isStale = true }
        self.alarm.set(after: Self.settleMilliseconds) { [weak self] in self?.read() }
    }

    private func get(_ target: String, _ completion: @escaping (Result<[UInt8], HTTPFetch.Failure>) -> Void) {
        guard let request = HTTPClientRequest(host: "localhost", target: target) else {
            return completion(.failure(.connection("\(target) makes no valid request")))
        }
        HTTPFetch.get(
            loop: self.loop,
            socketPath: self.socketPath,
            request: request,
            bodyLimit: self.limits.answerBytes,
            completion: completion
        )
    }

    private func read() {
        guard self.onTasks != nil, !self.isReading else { return }
        self.isReading = true
        self.isStale = false
        self.get("/containers/json?filters=\(RuntimeEvents.listFilter)") { [weak self] result in
            guard let self else { return }
            switch result {
            case .failure(let failure):
                self.finish(failure: "list of containers at \(self.socketPath): \(failure)")
            case .success(let body):
                guard let listed = RuntimeDocuments.list(body, limit: self.limits.containers) else {
                    return self.finish(failure: "list of containers at \(self.socketPath) is unusable")
                }
                self.take(listed)
            }
        }
    }

    private func take(_ listed: [RuntimeDocuments.Listed]) {
        self.listed = listed
        let ids = Set(listed.map(\.id))
        self.inspected = self.inspected.filter { ids.contains($0.key) }
        self.toInspect = ids.filter { self.inspected[$0] == nil }.sorted()
        self.inspectMore()
    }

    private func inspectMore() {
        while self.underway < self.limits.inspections, let id = self.toInspect.popLast() {
            self.underway += 1
            self.get("/containers/\(id)/json") { [weak self] result in
                guard let self else { return }
                self.underway -= 1
                // One that is gone meanwhile is not there any more the next time.
                if case .success(let body) = result, let found = RuntimeDocuments.inspection(body) {
                    self.inspected[id] = found
                }
                self.inspectMore()
            }
        }
        if self.underway == 0, self.toInspect.isEmpty, self.isReading { self.finish(failure: nil) }
    }

    private func finish(failure: String?) {
        self.isReading = false
        if let failure { self.onFailure?(failure) } else { self.onTasks?(self.tasks) }
        if self.isStale { return self.somethingHappened() }
        let hasEvents = self.events?.isListening == true
        let wait = failure == nil && hasEvents ? self.limits.quietPollMilliseconds : self.limits.pollMilliseconds
        guard self.onTasks != nil else { return }
        self.alarm.set(after: wait) { [weak self] in self?.read() }
    }

    private var tasks: [HostTask] {
        var tasks: [String: HostTask] = [:]
        for container in self.listed {
            guard let found = self.inspected[container.id] else { continue }
            let running = HostTask.Container(
                id: container.id,
                name: container.name,
                process: found.process,
                credentialsPath: found.credentialsPath
            )
            var task = tasks[container.taskARN] ?? HostTask(arn: container.taskARN, containers: [])
            task.containers.append(running)
            task.usesHostNetwork = task.usesHostNetwork || found.usesHostNetwork
            tasks[container.taskARN] = task
        }
        return tasks.values.sorted { $0.arn < $1.arn }
    }
}

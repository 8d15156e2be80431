import DataPlane
import MeshDNS
import MeshModel
import MeshTelemetry
import TunnelEngine

/// Serves the tasks of a host: finds them, opens their listeners, writes their redirect rules, and ends it with them.
///
/// Confined to the control loop. Order is what keeps connections whole: listeners before rules; and where a task leaves
/// the mesh, rules before listeners. Rules stay when this process ends, so that nothing goes around the mesh until the
/// next one finds the tasks again.
final class HostDaemon: WorkloadFinder {
    /// What a daemon is made of.
    struct Parts {
        var loop: EventLoop
        /// Who we are: network, cluster and names are the tasks' too.
        var own: ServedWorkload
        var roster: WorkloadRoster
        var source: any TaskSource
        var processes: HostProcesses
        var identities: TaskIdentities
        var lane: BlockingLane
        var settings: DaemonSettings
    }

    private let parts: Parts
    private var loop: EventLoop { self.parts.loop }
    private var mesh: MeshContext { self.parts.own.mesh }
    private var register: TaskRegister
    private var ledger: TaskLedger
    private let metrics: ManagerMetrics
    /// Tasks whose certificates are asked for.
    private var identified: Set<String> = []
    /// Tasks that were too many, or failed, as far as the log knows.
    private var reported: Set<String> = []
    private var hasList = false
    private var onSettled: (() -> Void)?
    private var isEnding = false
    private lazy var alarm = LoopAlarm(loop: self.loop)

    /// How long changes of the mesh's state are gathered.
    private static let settleMilliseconds: UInt64 = 20

    init(_ parts: Parts) {
        self.parts = parts
        self.register = TaskRegister(processes: parts.processes, limits: parts.settings.limits)
        self.ledger = TaskLedger(limits: parts.settings.limits)
        self.metrics = ManagerMetrics(registry: parts.own.mesh.registry)
    }

    /// Begins to look for tasks.
    /// - Parameter onSettled: called once, when all tasks that were found first are served or have failed.
    func start(onSettled: @escaping () -> Void) {
        self.onSettled = onSettled
        self.parts.source.start(
            onTasks: { [weak self] in self?.take($0) },
            onFailure: { [weak self] in self?.mesh.log.warning("tasks not found", [LogField("error", $0)]) }
        )
    }

    /// The mesh's state changed.
    func stateChanged() {
        self.alarm.set(after: Self.settleMilliseconds) { [weak self] in self?.reconcile() }
    }

    /// Looks for no more tasks; those that are served stay so until the roster lets them go.
    func stop() {
        self.isEnding = true
        self.parts.source.stop()
        self.alarm.cancel()
    }

    private func take(_ tasks: [HostTask]) {
        let roster = self.parts.roster
        for (id, reason) in self.register.take(tasks, isServed: { roster.workload($0) != nil }) {
            self.parts.source.doubt(id)
            self.report(id, "task's network can't be entered", reason)
        }
        self.hasList = true
        for (id, entry) in self.register.entries where entry.task.credentialsPath != nil {
            if let workload = self.parts.roster.workload(id) { self.identify(workload, entry.task) }
        }
        self.reconcile()
    }

    private func report(_ id: String, _ text: StaticString, _ reason: String) {
        guard self.reported.count < 1_024, self.reported.insert(id).inserted else { return }
        self.mesh.log.warning(text, [LogField("task", id), LogField("error", reason)])
    }

    private func reconcile() {
        guard !self.isEnding, self.hasList else { return }
        let standings = self.register.standings(in: self.mesh.state.snapshot, network: self.parts.own.local.network)
        self.reported.formIntersection(standings.keys)
        let (actions, surplus) = self.ledger.reconcile(standings, now: self.loop.now)
        for id in surplus {
            self.report(id, "task not served", "\(self.parts.settings.limits.tasks) are served already")
        }
        for action in actions {
            switch action {
            case .start(let id, let identity): self.begin(id, identity)
            case .stop(let id, let reason): self.end(id, reason)
            }
        }
        self.settle()
    }

    private func settle() {
        self.metrics.set(active: self.ledger.servedCount, pending: self.ledger.pendingCount)
        if self.hasList, !self.ledger.isStarting {
            let onSettled = self.onSettled
            self.onSettled = nil
            onSettled?()
        }
        guard !self.isEnding, let retry = self.ledger.nextRetry else { return }
        let wait = retry - min(retry, self.loop.now)
        self.alarm.set(after: max(wait, Self.settleMilliseconds)) { [weak self] in self?.reconcile() }
    }

    // MARK: One task

    private func begin(_ id: String, _ identity: SPIFFEID) {
        guard let entry = self.register.entries[id] else { return self.failed(id, "the task has ended") }
        let own = self.parts.own.local
        let local = LocalWorkload(
            identity: identity,
            network: own.network,
            cluster: own.cluster,
            meshDomain: own.meshDomain,
            name: id,
            addresses: entry.tenant.addresses
        )
        let mark = self.mesh.configuration.packetMark ?? SocketScope.meshMark
        let workload = ServedWorkload(
            key: id,
            mesh: self.mesh,
            local: local,
            nameServers: self.nameServers(entry.task),
            scope: SocketScope(namespace: entry.tenant.namespace, mark: mark)
        )
        let me = Reference(daemon: self)
        let loop = self.loop
        // Its certificate is asked for when it listens; who connects before that waits.
        workload.expectIdentity()
        self.parts.roster.add(workload) { result in
            loop.submit { me.daemon?.listening(workload, result) }
        }
    }

    /// `@unchecked Sendable`: read on the control loop only.
    private struct Reference: @unchecked Sendable {
        weak var daemon: HostDaemon?
    }

    /// The task's own DNS servers; ours where its file can't be read.
    private func nameServers(_ task: HostTask) -> ResolverConfiguration {
        for container in task.containers where container.name != TaskRegister.pauseName {
            let path = "\(self.parts.processes.root)/\(container.process)/root/etc/resolv.conf"
            if let text = SmallFile.read(path, limit: 65_536) { return ResolverConfiguration(parsing: text) }
        }
        return self.parts.own.nameServers
    }

    private func listening(_ workload: ServedWorkload, _ result: Result<Void, WorkloadRoster.Refusal>) {
        if case .failure(let refusal) = result { return self.failed(workload.key, "\(refusal)") }
        self.metrics.oneStarted()
        if let entry = self.register.entries[workload.key] { self.identify(workload, entry.task) }
        guard let namespace = workload.scope.namespace else { return self.failed(workload.key, "no namespace") }
        let plan = self.parts.settings.redirect
        let me = Reference(daemon: self)
        self.parts.lane.run(
            { () -> RedirectError? in
                do throws(RedirectError) {
                    try RedirectTable(namespace: namespace).apply(plan)
                    return nil
                } catch {
                    return error
                }
            },
            on: self.loop
        ) { error in
            me.daemon?.redirected(workload, error)
        }
    }

    private func redirected(_ workload: ServedWorkload, _ error: RedirectError?) {
        let id = workload.key
        if let error {
            self.identified.remove(id)
            self.parts.identities.forget(id)
            self.parts.roster.remove(id, milliseconds: 0)
            self.metrics.oneStopped()
            return self.failed(id, "redirect rules: \(error)")
        }
        self.reported.remove(id)
        self.ledger.started(id)
        self.mesh.log.info(
            "task served",
            [LogField("task", id), LogField("identity", "\(workload.local.identity)")]
        )
        // It may have ended, or left, meanwhile.
        self.reconcile()
    }

    private func failed(_ id: String, _ reason: String) {
        self.ledger.failed(id, now: self.loop.now)
        self.parts.source.doubt(id)
        self.report(id, "task can't be served yet", reason)
        self.settle()
    }

    /// Asks for the task's certificate, once it is known where its credentials are.
    private func identify(_ workload: ServedWorkload, _ task: HostTask) {
        guard task.credentialsPath != nil, !self.identified.contains(task.id) else { return }
        do throws(AttestationError) {
            let endpoint = try CredentialsEndpoint { name in
                name == HostProcesses.credentialsVariable ? task.credentialsPath : nil
            }
            let region = try AWSRegion.resolve(environment: { _ in nil }, taskARN: task.arn)
            self.identified.insert(task.id)
            self.parts.identities.keep(workload, endpoint, region)
        } catch {
            self.report(task.id, "task's credentials can't be asked for", "\(error)")
        }
    }

    private func end(_ id: String, _ reason: TaskLedger.Reason) {
        self.mesh.log.info("task no longer served", [LogField("task", id), LogField("reason", reason.rawValue)])
        self.identified.remove(id)
        self.parts.identities.forget(id)
        let namespace = self.parts.roster.workload(id)?.scope.namespace
        guard reason == .left, let namespace else { return self.release(id, milliseconds: 0) }
        let me = Reference(daemon: self)
        self.parts.lane.run(
            { () -> RedirectError? in
                do throws(RedirectError) {
                    try RedirectTable(namespace: namespace).remove()
                    return nil
                } catch {
                    return error
                }
            },
            on: self.loop
        ) { error in
            guard let daemon = me.daemon else { return }
            if let error { daemon.report(id, "redirect rules not removed", "\(error)") }
            daemon.release(id, milliseconds: daemon.parts.settings.limits.leaveMilliseconds)
        }
    }

    private func release(_ id: String, milliseconds: UInt64) {
        let me = Reference(daemon: self)
        let loop = self.loop
        self.parts.roster.remove(id, milliseconds: milliseconds) {
            loop.submit { me.daemon?.released(id) }
        }
    }

    private func released(_ id: String) {
        self.metrics.oneStopped()
        self.ledger.stopped(id)
        self.reconcile()
    }
}

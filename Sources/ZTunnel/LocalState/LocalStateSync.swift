import DataPlane
import MeshModel
import MeshTelemetry
import MeshXDS
import TunnelEngine

/// Keeps the mesh's state in step with a local file: a new content is applied as the difference to the last one.
///
/// Istio's ztunnel reads the file once. Here it is looked at twice a second; a content that can't be read is refused as a
/// whole, the last good one stays in use, and log, metric and config dump say why. Confined to the control loop.
final class LocalStateSync {
    private let loop: EventLoop
    private let mesh: MeshContext
    private let source: LocalStateSource
    private var applied = LocalState()
    /// The content that was last taken over or refused.
    private var known: FileStamp?
    /// What the look before this one saw.
    private var seen: FileStamp?
    private var status: LocalStateReport.Status
    private let loads: MetricFamily<Counter>
    private lazy var alarm = LoopAlarm(loop: self.loop)
    /// Whether the control plane gave a resource of this name: what it says goes before what the file says.
    var isHeldByControlPlane: (_ typeURL: String, _ name: String) -> Bool = { _, _ in false }

    /// How often the file is looked at.
    private static let milliseconds: UInt64 = 500

    /// Prepares; nothing is applied yet.
    init(loop: EventLoop, mesh: MeshContext, source: LocalStateSource) {
        self.loop = loop
        self.mesh = mesh
        self.source = source
        let name =
            switch source {
            case .file(let path): path
            case .inline: "LOCAL_XDS"
            }
        self.status = LocalStateReport.Status(source: name)
        self.loads = mesh.registry.counters(
            "tulle_local_state_loads_total",
            help: "Contents of the local state file that were read.",
            labels: ["result"]
        )
    }

    /// Takes over what was read at the start, and begins to watch.
    func start(_ first: LocalStateLoad) {
        self.take(first.state)
        guard case .file = self.source else { return }
        self.known = first.stamp
        self.seen = first.stamp
        self.watch()
    }

    private func watch() {
        self.alarm.set(after: Self.milliseconds) { [weak self] in
            self?.look()
            self?.watch()
        }
    }

    private func look() {
        guard case .file(let path) = self.source else { return }
        let stamp = FileStamp(path)
        // A file that is being written looks different each time: wait until two looks agree.
        let isSteady = stamp == self.seen
        self.seen = stamp
        guard isSteady, stamp != self.known else { return }
        self.known = stamp
        do throws(LocalStateError) {
            let load = try LocalStateLoad(self.source)
            self.known = load.stamp
            self.take(load.state)
        } catch {
            self.refuse(error)
        }
    }

    private func take(_ state: LocalState) {
        let change = self.unheld(state.change(from: self.applied))
        self.applied = state
        self.status.resources = state.workloads.count + state.services.count + state.policies.count
        self.status.loads += 1
        self.status.problem = nil
        self.mesh.localState.set(self.status)
        self.loads.with("applied").add()
        let changed = change.workloads.count + change.services.count + change.policies.count
        self.mesh.log.info(
            "local state applied",
            [
                LogField("source", self.status.source), LogField("resources", self.status.resources),
                LogField("changed", changed),
                LogField("removed", change.removedAddresses.count + change.removedPolicies.count),
            ]
        )
        self.mesh.state.apply(change)
    }

    private func refuse(_ error: LocalStateError) {
        self.status.refusals += 1
        self.status.problem = "\(error)"
        self.mesh.localState.set(self.status)
        self.loads.with("refused").add()
        self.mesh.log.warning(
            "local state refused, the last good one stays in use",
            [LogField("source", self.status.source), LogField("error", "\(error)")]
        )
    }

    /// The control plane removed resources: those of the same names in the file come into their own.
    func restore(_ names: [String], of typeURL: String) {
        guard !names.isEmpty else { return }
        var change = MeshChange()
        for name in names {
            if typeURL == XDSTypes.authorization {
                if let policy = self.applied.policies[name] { change.policies.append(policy) }
            } else if let workload = self.applied.workloads[name] {
                change.workloads.append(workload)
            } else if let key = NamespacedHostname(parsing: name), let service = self.applied.services[key] {
                change.services.append(service)
            }
        }
        self.mesh.state.apply(change)
    }

    private func unheld(_ change: MeshChange) -> MeshChange {
        var change = change
        let addresses = { self.isHeldByControlPlane(XDSTypes.address, $0) }
        let policies = { self.isHeldByControlPlane(XDSTypes.authorization, $0) }
        change.workloads.removeAll { addresses($0.uid) }
        change.services.removeAll { addresses("\($0.key)") }
        change.policies.removeAll { policies($0.key) }
        change.removedAddresses.removeAll(where: addresses)
        change.removedPolicies.removeAll(where: policies)
        return change
    }
}

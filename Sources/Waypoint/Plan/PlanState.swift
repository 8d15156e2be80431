import DataPlane
import HTTPRouting
import MeshModel
import MeshProtos
import MeshTelemetry
import MeshXDS

/// Puts what the control plane says together to plans, and hands each to the data plane.
///
/// Confined to the control loop.
final class PlanState {
    private let context: WaypointContext
    private let mesh: MeshState
    private var builder: PlanBuilder
    private let onPlan: (WaypointPlan) -> Void
    private var isPublishing = false
    /// The latest plan.
    private(set) var plan: WaypointPlan

    /// - Parameter onPlan: called with each new plan.
    init(context: WaypointContext, onPlan: @escaping (WaypointPlan) -> Void) {
        self.context = context
        self.mesh = MeshState()
        self.builder = PlanBuilder(
            local: context.local,
            sinks: context.sinks,
            sampler: context.configuration.tracing?.sampler,
            roots: context.configuration.systemRoots
        )
        self.onPlan = onPlan
        self.plan = WaypointPlan.empty(own: context.local.client(in: MeshSnapshot()))
    }

    /// What is followed. Our own resources come first: a service whose address leads to us must find its routes here.
    func subscriptions() -> [DiscoverySubscription] {
        let own = [
            DiscoverySubscription(typeURL: TulleL7.waypointSettingsTypeURL) { [weak self] update in
                self?.apply(update) { builder, resource, now throws(PlanError) in
                    try builder.set(settings: PlanState.decode(resource), name: resource.name, now: now)
                } remove: { builder, name in
                    builder.removeSettings(name)
                } ?? []
            },
            DiscoverySubscription(typeURL: TulleL7.serviceRoutesTypeURL) { [weak self] update in
                self?.apply(update) { builder, resource, now throws(PlanError) in
                    try builder.set(service: PlanState.decode(resource), name: resource.name, now: now)
                } remove: { builder, name in
                    builder.removeService(name)
                } ?? []
            },
        ]
        return own + self.mesh.subscriptions { [weak self] _ in self?.publish() }
    }

    private func apply(
        _ update: XDSUpdate,
        _ take: (inout PlanBuilder, XDSUpdate.Resource, _ now: UInt64) throws(PlanError) -> Void,
        remove: (inout PlanBuilder, String) -> Void
    ) -> [XDSRejection] {
        var rejections: [XDSRejection] = []
        for name in update.removed { remove(&self.builder, name) }
        for resource in update.resources {
            do throws(PlanError) {
                try take(&self.builder, resource, self.context.milliseconds)
            } catch {
                // The last good version stays; without one the service is not served.
                rejections.append(XDSRejection(name: resource.name, reason: error.reason))
            }
        }
        self.publish()
        return rejections
    }

    private static func decode<M: ProtoMessage>(_ resource: XDSUpdate.Resource) throws(PlanError) -> M {
        do throws(ProtoError) {
            return try M(decoding: resource.bytes)
        } catch {
            throw PlanError("not a protobuf message of its type: \(error)")
        }
    }

    /// Lets clusters do what depends on time.
    /// - Parameter probe: begins a question to an endpoint whether it is well.
    func tick(probe begin: (ClusterPlan, HealthProbe) -> Void) {
        let now = self.context.milliseconds
        for cluster in self.plan.clusters {
            for probe in cluster.state.dueProbes(now: now) { begin(cluster, probe) }
            cluster.state.tick(now: now)
        }
    }

    /// Makes a plan of what is known now.
    func publish() {
        let snapshot = self.mesh.snapshot
        let plan = self.builder.plan(
            mesh: snapshot,
            own: self.context.local.client(in: snapshot),
            now: self.context.milliseconds
        )
        self.plan = plan
        self.context.clusterMetrics.update(plan)
        self.onPlan(plan)
    }
}

/// Why a resource can't be used.
package struct PlanError: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

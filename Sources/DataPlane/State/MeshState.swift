package import MeshModel
import MeshProtos
package import MeshXDS
import Synchronization

/// What this process knows of the mesh: the last good snapshot, swapped whole.
///
/// One thread applies updates; any thread reads. A reader takes the snapshot once a connection and keeps it.
package final class MeshState: Sendable {
    private let current: Mutex<MeshSnapshot>
    private let onChange: @Sendable (MeshSnapshot) -> Void

    /// A state that begins with `snapshot`.
    ///
    /// - Parameter onChange: called after each change, on the thread that applied it, with the new snapshot.
    package init(
        _ snapshot: MeshSnapshot = MeshSnapshot(),
        onChange: @escaping @Sendable (MeshSnapshot) -> Void = { _ in }
    ) {
        self.current = Mutex(snapshot)
        self.onChange = onChange
    }

    /// The mesh as it is known now.
    package var snapshot: MeshSnapshot { self.current.withLock { $0 } }

    /// Applies one response of the control plane, whole.
    ///
    /// - Returns: the resources that were not taken over, and why, for the NACK. The others are; of a resource that was
    ///   rejected an earlier version stays in use; without one a policy closes the workloads that it would cover.
    package func apply(_ update: XDSUpdate) -> [XDSRejection] {
        var change = MeshChange()
        var rejections: [XDSRejection] = []
        switch update.typeURL {
        case XDSTypes.authorization: change.removedPolicies = update.removed
        case XDSTypes.address: change.removedAddresses = update.removed
        default: return []
        }
        for resource in update.resources {
            do throws(ConversionError) {
                try change.add(resource, type: update.typeURL)
            } catch {
                rejections.append(XDSRejection(name: resource.name, reason: "\(error)"))
                if update.typeURL == XDSTypes.authorization { change.reject(resource) }
            }
        }
        if update.typeURL == XDSTypes.authorization {
            // Not even their messages could be found, so nobody knows whom they are for.
            for rejection in update.malformed {
                change.rejectedPolicies.append(RejectedPolicy(key: rejection.name, coverage: .mesh))
            }
        }
        self.apply(change)
        return rejections
    }

    /// Applies a change that didn't come from the control plane, on the thread that applies its updates.
    package func apply(_ change: MeshChange) {
        guard !change.isEmpty else { return }
        // Only one thread writes, so the work is done outside the lock and readers never wait for it.
        let next = self.snapshot.applying(change)
        self.current.withLock { $0 = next }
        self.onChange(next)
    }
}

extension MeshChange {
    /// Reads a resource. It must go by the name under which it will be removed.
    fileprivate mutating func add(_ resource: XDSUpdate.Resource, type: String) throws(ConversionError) {
        if type == XDSTypes.authorization {
            let policy = try AuthorizationPolicy(Self.decode(resource) as IstioSecurity.Authorization)
            try Self.check(policy.key, resource)
            self.policies.append(policy)
            return
        }
        switch try (Self.decode(resource) as IstioWorkload.Address).kind {
        case .workload(let wire):
            let workload = try Workload(wire)
            try Self.check(workload.uid, resource)
            self.workloads.append(workload)
        case .service(let wire):
            let service = try Service(wire)
            try Self.check("\(service.key)", resource)
            self.services.append(service)
        case nil:
            throw ConversionError("type", "empty", allowed: "a workload or a service")
        }
    }

    /// Notes a policy that was not taken over, with the workloads it would cover as far as that can be read.
    fileprivate mutating func reject(_ resource: XDSUpdate.Resource) {
        var coverage = RejectedPolicy.Coverage.mesh
        if let wire = try? Self.decode(resource) as IstioSecurity.Authorization,
            "\(wire.namespace)/\(wire.name)" == resource.name
        {
            guard !wire.isDryRun else { return }
            switch wire.scope {
            case .namespace: coverage = .namespace(wire.namespace)
            case .workloadSelector: coverage = .listed
            default: break
            }
        }
        self.rejectedPolicies.append(RejectedPolicy(key: resource.name, coverage: coverage))
    }

    private static func decode<M: ProtoMessage>(_ resource: XDSUpdate.Resource) throws(ConversionError) -> M {
        do throws(ProtoError) {
            return try M(decoding: resource.bytes)
        } catch {
            throw ConversionError("resource", "not a protobuf message", allowed: "\(error)")
        }
    }

    private static func check(_ key: String, _ resource: XDSUpdate.Resource) throws(ConversionError) {
        guard key == resource.name else {
            throw ConversionError("name", key, allowed: "the resource is called \(resource.name.prefix(200))")
        }
    }
}

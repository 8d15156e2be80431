package import MeshXDS

/// A type of resources that a data plane follows, and who takes them over.
///
/// All subscriptions of a ``DiscoveryClient`` share one stream; a further type is one more element of its list.
package struct DiscoverySubscription {
    /// The type, such as `type.googleapis.com/istio.workload.Address`.
    package var typeURL: String
    /// Whether all resources are wanted, or only those that are asked for.
    package var interest: DeltaClient.Interest
    /// Takes one response over, also when it only removes: the good resources of it at once.
    ///
    /// It returns the resources that were not taken over, and why: their names and reasons go into the NACK, log and
    /// metric, and of each the last good version stays in use. Called on the control loop.
    package var apply: (_ update: XDSUpdate) -> [XDSRejection]

    /// Joins the parts.
    package init(
        typeURL: String,
        interest: DeltaClient.Interest = .wildcard,
        apply: @escaping (_ update: XDSUpdate) -> [XDSRejection]
    ) {
        self.typeURL = typeURL
        self.interest = interest
        self.apply = apply
    }
}

extension MeshState {
    /// What keeps this state: policies first, then the workloads and services that they are for.
    ///
    /// - Parameters:
    ///   - isOnDemand: whether workloads and services come only when they are asked for.
    ///   - applied: called after each response was taken over.
    package func subscriptions(
        isOnDemand: Bool = false,
        applied: @escaping (_ update: XDSUpdate) -> Void = { _ in }
    ) -> [DiscoverySubscription] {
        XDSTypes.inOrder.map { type in
            DiscoverySubscription(
                typeURL: type,
                interest: isOnDemand && type == XDSTypes.address ? .onDemand : .wildcard
            ) { update in
                let rejections = self.apply(update)
                applied(update)
                return rejections
            }
        }
    }
}

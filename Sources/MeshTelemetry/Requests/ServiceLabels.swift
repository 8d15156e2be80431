/// The service that a request was routed to, shared by the requests of a route's backend.
package final class ServiceLabels: Sendable {
    /// The hostname, such as `echo.demo.svc.cluster.local`.
    package let host: String
    /// The short name, such as `echo`.
    package let name: String
    /// The namespace.
    package let namespace: String
    /// The hash of all of it.
    let digest: Int

    /// No route, no service.
    package static let unknown = ServiceLabels(host: "", name: "", namespace: "")

    /// Names a service.
    package init(host: String, name: String, namespace: String) {
        self.host = host
        self.name = name
        self.namespace = namespace
        var hasher = Hasher()
        hasher.combine(host)
        hasher.combine(name)
        hasher.combine(namespace)
        self.digest = hasher.finalize()
    }
}

extension ServiceLabels: Hashable {
    package static func == (left: ServiceLabels, right: ServiceLabels) -> Bool {
        if left === right { return true }
        return left.digest == right.digest && left.host == right.host && left.name == right.name
            && left.namespace == right.namespace
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.digest) }
}

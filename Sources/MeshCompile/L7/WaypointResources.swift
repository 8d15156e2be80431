package import MeshConfig
package import MeshXDS

/// All that one waypoint gets beside workloads, services and policies of connections.
package struct WaypointResources: Sendable, Hashable {
    /// `tulle.l7.v1.WaypointSettings`, sorted by name.
    package var settings: [ResourceCatalog.Resource] = []
    /// `tulle.l7.v1.ServiceRoutes`, sorted by name.
    package var routes: [ResourceCatalog.Resource] = []

    /// Joins the two.
    package init(settings: [ResourceCatalog.Resource] = [], routes: [ResourceCatalog.Resource] = []) {
        self.settings = settings
        self.routes = routes
    }

    var sorted: Self {
        Self(
            settings: self.settings.sorted { $0.name < $1.name },
            routes: self.routes.sorted { $0.name < $1.name }
        )
    }
}

extension ResourceKind {
    /// Whether it says where requests go.
    package var isRoute: Bool {
        switch self {
        case .httpRoute, .grpcRoute, .tcpRoute, .tlsRoute, .virtualService: true
        default: false
        }
    }
}

import MeshConfig
import MeshProtos

extension TulleL7.SessionPersistence {
    /// The Gateway API's `sessionPersistence` (GEP-1619).
    /// - Parameter path: where a cookie counts; empty for everywhere.
    init(_ value: ConfigValue, path: String = "") {
        self.init()
        self.name = value.text("sessionName") ?? "tulle-session"
        self.header = value.text("type") == "Header"
        self.absoluteTimeoutMilliseconds = value.milliseconds("absoluteTimeout") ?? 0
        self.idleTimeoutMilliseconds = value.milliseconds("idleTimeout") ?? 0
        self.permanent = value["cookieConfig"]?.text("lifetimeType") == "Permanent"
        self.path = path
    }
}

extension TulleL7.ServiceRoutes {
    /// Whether some route or destination keeps clients on their endpoints.
    var keepsSessions: Bool {
        self.ports.contains { $0.actions.contains { $0.session != nil } }
            || self.clusters.contains { $0.session != nil }
    }
}

/// One port that a service or task serves.
package struct ObservedPort: Codable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// What the bytes on the port are.
    package enum Application: String, Codable, Sendable, Hashable, CaseIterable {
        /// HTTP/1.1
        case http
        /// HTTP/2
        case http2
        /// gRPC
        case grpc
        /// TLS that the mesh leaves alone
        case tls
        /// Anything else on TCP
        case tcp
    }

    /// Where the port was found, strongest first.
    package enum Source: String, Codable, Sendable, Hashable {
        /// The `ports` tag of the service or task.
        case tag
        /// The task definition's port mappings.
        case portMapping = "port_mapping"
        /// A docker label of one of the containers.
        case dockerLabel = "docker_label"
    }

    /// A name for the port, unique in the service; the port mapping's own name when it has one.
    package var name: String
    /// What clients dial.
    package var port: UInt16
    /// What the application listens on.
    package var targetPort: UInt16
    /// What the bytes are.
    package var application: Application
    /// Where the port was found.
    package var source: Source

    /// Holds the parts as they are.
    package init(name: String, port: UInt16, targetPort: UInt16, application: Application, source: Source) {
        self.name = name
        self.port = port
        self.targetPort = targetPort
        self.application = application
        self.source = source
    }

    /// In the tag's grammar: `http:80:8080`.
    package var description: String { "\(self.application.rawValue):\(self.port):\(self.targetPort)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.port, left.targetPort, left.name) < (right.port, right.targetPort, right.name)
    }
}

import Logging
import NIOCore

/// What the lab answers tasks and the container instance's own programs, as ECS's agent and Docker would.
struct LabEndpoints: Sendable {
    /// Where the ECS agent answers on 127.0.0.1.
    static let introspectionPort = 51678

    /// Base of metadata URIs for containers in the lab's own network.
    let hostMetadataURL: String
    /// The Docker API's socket; nil without root.
    let dockerSocket: String?
    /// The agent's introspection; nil without root.
    let introspectionURL: String?
    private let servers: [EndpointServer]

    /// Starts them all.
    static func start(
        _ configuration: LabConfiguration,
        runtime: RuntimeDirectory,
        directory: TaskDirectory,
        credentials: TaskCredentials,
        group: any EventLoopGroup,
        logger: Logger
    ) async throws -> LabEndpoints {
        func metadata(byAddress: Bool) -> MetadataService {
            MetadataService(
                directory: directory,
                resolver: configuration.hostAddress,
                identifiesByAddress: byAddress,
                credentials: { try await credentials.document(for: $0) }
            )
        }
        let hostService = metadata(byAddress: false)
        let host = try await EndpointServer.start(
            at: .tcp(host: "127.0.0.1", port: 0, device: nil),
            group: group,
            service: { await hostService.answer($0) }
        )
        let hostMetadataURL = "http://127.0.0.1:\(host.port)"
        guard configuration.mode == .namespaces else {
            return LabEndpoints(
                hostMetadataURL: hostMetadataURL,
                dockerSocket: nil,
                introspectionURL: nil,
                servers: [host]
            )
        }
        let taskService = metadata(byAddress: true)
        let tasks = try await EndpointServer.start(
            at: .tcp(host: HostNetwork.metadataAddress, port: 80, device: configuration.bridge),
            group: group,
            service: { await taskService.answer($0) }
        )
        let dockerService = DockerService(directory: directory)
        let socket = "\(runtime.root)/docker.sock"
        let docker = try await EndpointServer.start(
            at: .unix(path: socket),
            group: group,
            service: { dockerService.answer($0) }
        )
        let agent = try await Self.startIntrospection(configuration, directory: directory, group: group, logger: logger)
        return LabEndpoints(
            hostMetadataURL: hostMetadataURL,
            dockerSocket: socket,
            introspectionURL: "http://127.0.0.1:\(agent.port)",
            servers: [host, tasks, docker, agent]
        )
    }

    /// Two labs on one machine can't both have the agent's port; unless it was asked for, the second takes another.
    private static func startIntrospection(
        _ configuration: LabConfiguration,
        directory: TaskDirectory,
        group: any EventLoopGroup,
        logger: Logger
    ) async throws -> EndpointServer {
        let service = IntrospectionService(directory: directory)
        func start(port: Int) async throws -> EndpointServer {
            try await EndpointServer.start(
                at: .tcp(host: "127.0.0.1", port: port, device: nil),
                group: group,
                service: { service.answer($0) }
            )
        }
        if let port = configuration.introspectionPort { return try await start(port: port) }
        do {
            return try await start(port: Self.introspectionPort)
        } catch let error as LabError where error.code == .portInUse {
            logger.warning("port \(Self.introspectionPort) is taken; the agent's introspection is on another: \(error)")
            return try await start(port: 0)
        }
    }

    /// Stops them all.
    func stop() async {
        for server in self.servers { await server.stop() }
    }
}

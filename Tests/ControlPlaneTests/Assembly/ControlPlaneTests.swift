import AWSClient
import AWSTestSupport
import ControlPlane
import Foundation
import Logging
import MeshConfig
import MeshModel
import ServiceLifecycle
import Testing

/// The whole control plane against an ECS that is not ours.
@Suite(.enabled(if: MotoServer.isInstalled), .timeLimit(.minutes(3))) struct ControlPlaneTests {
    /// A port that nobody listens on at the moment.
    private func freePort() async throws -> UInt16 {
        let server = try await LoopbackServer { _ in LoopbackServer.Answer() }
        let port = server.port
        await server.close()
        return try #require(UInt16(exactly: port))
    }

    @Test func startsReadsECSAndStopsGracefully() async throws {
        let moto = try await MotoServer.running()
        let directory = try TemporaryDirectory()
        let environment = [
            "HOME": "/nonexistent", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": moto.url, "AWS_EC2_METADATA_DISABLED": "true",
        ]
        var logger = Logger(label: "test")
        logger.logLevel = .warning
        let client = AWSClient(
            try AWSConfiguration(environment: environment, region: "us-east-1"),
            logger: logger
        )
        _ = try await client.call(
            .ecs,
            action: "CreateCluster",
            body: ["clusterName": "plane", "tags": [["key": "tulle/discovery-enabled", "value": "true"]]]
        )
        _ = try await client.call(
            .ecs,
            action: "RegisterTaskDefinition",
            body: [
                "family": "echo",
                "containerDefinitions": [
                    [
                        "name": "app", "image": "echo", "memory": 64,
                        "portMappings": [["containerPort": 8080, "name": "http", "appProtocol": "http"]],
                    ]
                ],
            ]
        )
        _ = try await client.call(
            .ecs,
            action: "CreateService",
            body: [
                "cluster": "plane", "serviceName": "echo", "taskDefinition": "echo", "desiredCount": 1,
                "tags": [
                    ["key": "tulle/namespace", "value": "shop"], ["key": "tulle/ports", "value": "http:80:8080"],
                ],
            ]
        )
        await client.shutdown()

        var configuration = TulledConfiguration()
        configuration.stateDirectory = "\(directory.path)/state"
        configuration.listen = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: try await self.freePort())
        configuration.adminListen = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: try await self.freePort())
        configuration.audience = "cluster.local/tulled"
        configuration.regions = ["us-east-1"]
        configuration.pollInterval = .seconds(1)
        let plane = ControlPlane(configuration: configuration, environment: environment, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: plane, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        let transport = NetworkTransport()
        let admin = "http://\(configuration.adminListen)"
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var page = ""
            for _ in 0..<300 where !page.contains("shop/echo.shop.mesh.internal") {
                try await Task.sleep(for: .milliseconds(200))
                let answer = try? await transport.send(
                    TransportRequest(method: "GET", url: "\(admin)/debug/registry", headers: []),
                    deadline: .seconds(5),
                    bodyLimit: 1 << 20
                )
                page = String(decoding: answer?.body ?? [], as: UTF8.self)
            }
            #expect(page.contains("shop/echo.shop.mesh.internal"), "\(page)")
            #expect(page.contains("240.240."))
            let start = ContinuousClock.now
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(9), "nothing was open, so nothing is waited for")
        }
        await transport.shutdown()
    }

    @Test func aStateDirectoryThatOthersCanReadStopsTheStart() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        var configuration = TulledConfiguration()
        configuration.stateDirectory = directory.path
        configuration.regions = ["us-east-1"]
        let plane = ControlPlane(configuration: configuration, environment: [:], logger: Logger(label: "test"))
        await #expect(throws: (any Error).self) { try await plane.run() }
    }
}

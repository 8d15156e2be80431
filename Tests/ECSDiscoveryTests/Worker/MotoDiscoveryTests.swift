import AWSClient
import AWSSignature
import AWSTestSupport
import Foundation
import Logging
import Testing

@testable import ECSDiscovery

/// Discovery against moto's ECS.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct MotoDiscoveryTests {
    @Test
    func findsAServiceWithItsTasksAndSeesOneStop() async throws {
        let moto = try await MotoServer.start()
        let client = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let ecs = client.ecs()
        try await Self.freezeTasks(moto)

        let ec2 = AWSService("ec2", environmentName: "EC2", .query(version: "2016-11-15"))
        let vpc = try await client.query(
            ec2,
            action: "CreateVpc",
            parameters: [QueryItem("CidrBlock", "10.77.0.0/16")]
        )["vpc"]?["vpcId"]?.text
        let vpcID = try #require(vpc)
        _ = try await client.query(
            ec2,
            action: "ModifyVpcAttribute",
            parameters: [QueryItem("VpcId", vpcID), QueryItem("EnableDnsHostnames.Value", "true")]
        )
        let subnet = try await client.query(
            ec2,
            action: "CreateSubnet",
            parameters: [QueryItem("VpcId", vpcID), QueryItem("CidrBlock", "10.77.1.0/24")]
        )["subnet"]?["subnetId"]?.text
        let subnetID = try #require(subnet)

        _ = try await ecs.call(
            "CreateCluster",
            ["clusterName": "c1", "tags": [["key": "tulle/discovery-enabled", "value": "true"]]]
        )
        _ = try await ecs.call("CreateCluster", ["clusterName": "other"])
        _ = try await ecs.registerTaskDefinition([
            "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512", "taskRoleArn": "arn:aws:iam::123456789012:role/web",
            "containerDefinitions": [
                [
                    "name": "app", "image": "i", "memory": 128,
                    "portMappings": [["containerPort": 8080, "name": "web", "appProtocol": "http"]],
                ],
                ["name": "ztunnel", "image": "z", "memory": 64],
            ],
            "proxyConfiguration": ["type": "APPMESH", "containerName": "ztunnel"],
        ])
        let network: JSONValue = [
            "awsvpcConfiguration": ["subnets": [.string(subnetID)], "securityGroups": []]
        ]
        _ = try await ecs.call(
            "CreateService",
            [
                "cluster": "c1", "serviceName": "echo", "taskDefinition": "web:1", "desiredCount": 2,
                "launchType": "FARGATE", "networkConfiguration": network,
                "tags": [["key": "tulle/namespace", "value": "shop"]],
            ]
        )
        let run = try await ecs.call(
            "RunTask",
            [
                "cluster": "c1", "taskDefinition": "web:1", "count": 2, "launchType": "FARGATE",
                "group": "service:echo", "networkConfiguration": network,
                "tags": [["key": "aws:ecs:serviceName", "value": "echo"]],
            ]
        )
        let started = run["tasks"]?.array?.compactMap { $0["taskArn"]?.string } ?? []
        #expect(started.count == 2)

        var configuration = DiscoveryConfiguration()
        configuration.clusterInterval = .zero
        configuration.serviceInterval = .zero
        var round = DiscoveryRound(client: client, configuration: configuration, now: { 1 })
        await round.poll()
        var snapshot = round.state.snapshot
        #expect(snapshot.account.errorCode == nil)
        #expect(snapshot.clusters.values.map(\.name) == ["c1"])
        #expect(snapshot.clusters.values.first?.poll.errorCode == nil)
        let service = try #require(snapshot.services.values.first)
        #expect(service.name == "echo" && service.namespace == "shop" && service.desiredCount == 2)
        #expect(service.isEnrolled && service.captureMode == .appmesh)
        #expect(service.ports.map(\.description) == ["http:8080:8080"])
        #expect(snapshot.tasks.keys.sorted() == started.sorted())
        for task in snapshot.tasks.values {
            #expect(task.serviceARN == service.arn && task.serviceNameSource == .managedTag)
            #expect(task.isReady && task.addresses.count == 1 && task.taskRoleARN?.hasSuffix("role/web") == true)
        }

        let stopped = try #require(started.first)
        _ = try await ecs.call("StopTask", ["cluster": "c1", "task": .string(stopped)])
        await round.poll()
        snapshot = round.state.snapshot
        #expect(snapshot.tasks[stopped]?.isDraining == true)
        await round.poll()
        #expect(round.state.snapshot.tasks[stopped] == nil)
        #expect(round.state.snapshot.tasks.count == 1)
        await client.shutdown()
    }

    /// Without this each DescribeTasks moves every task towards its end.
    private static func freezeTasks(_ moto: MotoServer) async throws {
        let transport = NetworkTransport()
        let body = #"{"model_name":"ecs::task","transition":{"progression":"manual","times":1000000000}}"#
        let request = TransportRequest(
            method: "POST",
            url: moto.url + "/moto-api/state-manager/set-transition",
            headers: [(name: "Content-Type", value: "application/json")],
            body: Array(body.utf8)
        )
        let response = try await transport.send(request, deadline: .seconds(10), bodyLimit: 10_000)
        #expect((200..<300).contains(response.status))
        await transport.shutdown()
    }
}

import AWSClient
import TulleCLI

/// Task definitions as DescribeTaskDefinition gives them, written out so that a test can be read without a file.
enum Fixtures {
    /// A Fargate task with an app, a log router and a helper that waits for the app; with members nobody knows yet.
    static let shop = """
        {
          "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
            "containerDefinitions": [
              {
                "name": "app",
                "image": "example/app@sha256:0123",
                "cpu": 0,
                "portMappings": [
                  {"containerPort": 9090, "hostPort": 9090, "protocol": "tcp"},
                  {"name": "http", "containerPort": 8080, "appProtocol": "http"},
                  {"containerPort": 5353, "protocol": "udp"}
                ],
                "essential": true,
                "environment": [{"name": "COLOUR", "value": "blue"}, {"name": "no_proxy", "value": "10.0.0.0/8"}],
                "mountPoints": [],
                "logConfiguration": {
                  "logDriver": "awslogs",
                  "options": {
                    "awslogs-group": "/ecs/web",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "app",
                    "awslogs-datetime-format": "%Y"
                  }
                },
                "aFieldOfTheYear2031": {"depth": [1.50, 2e3, null]}
              },
              {
                "name": "router",
                "image": "example/fluent-bit:1",
                "firelensConfiguration": {"type": "fluentbit"},
                "dependsOn": []
              },
              {
                "name": "helper",
                "image": "example/helper:2",
                "dependsOn": [{"containerName": "app", "condition": "START"}],
                "logConfiguration": {"logDriver": "awsfirelens", "options": {}}
              }
            ],
            "family": "web",
            "taskRoleArn": "arn:aws:iam::111122223333:role/web",
            "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
            "networkMode": "awsvpc",
            "revision": 7,
            "volumes": [],
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.task-iam-role"}],
            "placementConstraints": [],
            "compatibilities": ["EC2", "FARGATE"],
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "enableFaultInjection": true,
            "registeredAt": 1767323012.9,
            "registeredBy": "arn:aws:iam::111122223333:user/ci"
          },
          "tags": [
            {"key": "team", "value": "shop"},
            {"key": "aws:cloudformation:stack-name", "value": "web"}
          ]
        }
        """

    /// The smallest definition that can be enrolled.
    static let small = """
        {
          "family": "echo",
          "networkMode": "awsvpc",
          "taskRoleArn": "arn:aws:iam::111122223333:role/echo",
          "containerDefinitions": [{"name": "echo", "image": "example/echo:1"}]
        }
        """

    static func definition(_ text: String) throws -> TaskDefinition {
        try TaskDefinition(JSONValue(parsing: text))
    }

    /// The small definition with other members on top.
    static func small(_ members: JSONObject = [:], container: JSONObject = [:]) throws -> TaskDefinition {
        var json = try JSONValue(parsing: Self.small)
        for member in members { json[member.name] = member.value }
        var first = json["containerDefinitions"]?[0] ?? [:]
        for member in container { first[member.name] = member.value }
        if members["containerDefinitions"] == nil { json["containerDefinitions"] = [first] }
        return try TaskDefinition(json)
    }

    static func enrolment(_ capture: CaptureMode = .appmesh) -> Enrolment {
        Enrolment(token: "dG9rZW4", image: "example/ztunnel:1", capture: capture)
    }
}

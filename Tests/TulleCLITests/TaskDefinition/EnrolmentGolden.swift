extension EnrolmentTests {
    /// `Fixtures.shop` enrolled in mode appmesh.
    static let goldenAppMesh = #"""
        {
          "containerDefinitions": [
            {
              "name": "app",
              "image": "example/app@sha256:0123",
              "cpu": 0,
              "portMappings": [
                {
                  "containerPort": 9090,
                  "hostPort": 9090,
                  "protocol": "tcp"
                },
                {
                  "name": "http",
                  "containerPort": 8080,
                  "appProtocol": "http"
                },
                {
                  "containerPort": 5353,
                  "protocol": "udp"
                }
              ],
              "essential": true,
              "environment": [
                {
                  "name": "COLOUR",
                  "value": "blue"
                },
                {
                  "name": "no_proxy",
                  "value": "10.0.0.0/8"
                }
              ],
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
              "aFieldOfTheYear2031": {
                "depth": [
                  1.50,
                  2e3,
                  null
                ]
              },
              "dependsOn": [
                {
                  "containerName": "ztunnel",
                  "condition": "HEALTHY"
                }
              ]
            },
            {
              "name": "router",
              "image": "example/fluent-bit:1",
              "firelensConfiguration": {
                "type": "fluentbit"
              },
              "dependsOn": [
                {
                  "containerName": "ztunnel",
                  "condition": "HEALTHY"
                }
              ]
            },
            {
              "name": "helper",
              "image": "example/helper:2",
              "dependsOn": [
                {
                  "containerName": "app",
                  "condition": "START"
                },
                {
                  "containerName": "ztunnel",
                  "condition": "HEALTHY"
                }
              ],
              "logConfiguration": {
                "logDriver": "awsfirelens",
                "options": {}
              }
            },
            {
              "name": "ztunnel",
              "image": "example/ztunnel:1",
              "user": "15301",
              "essential": true,
              "readonlyRootFilesystem": true,
              "environment": [
                {
                  "name": "BOOTSTRAP_TOKEN",
                  "value": "dG9rZW4"
                }
              ],
              "portMappings": [
                {
                  "name": "tulle-hbone",
                  "containerPort": 15008,
                  "protocol": "tcp"
                }
              ],
              "healthCheck": {
                "command": [
                  "CMD",
                  "/ztunnel",
                  "healthcheck"
                ],
                "interval": 5,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 10
              },
              "restartPolicy": {
                "enabled": true,
                "restartAttemptPeriod": 60
              },
              "linuxParameters": {
                "initProcessEnabled": false,
                "capabilities": {
                  "drop": [
                    "ALL"
                  ]
                }
              },
              "ulimits": [
                {
                  "name": "nofile",
                  "softLimit": 65535,
                  "hardLimit": 65535
                }
              ],
              "stopTimeout": 120,
              "dockerLabels": {
                "tulle/restore": "{\"version\":1,\"madeDependsOn\":[\"app\"]}"
              },
              "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                  "awslogs-group": "/ecs/web",
                  "awslogs-region": "us-east-1",
                  "awslogs-stream-prefix": "ztunnel"
                }
              }
            }
          ],
          "family": "web",
          "taskRoleArn": "arn:aws:iam::111122223333:role/web",
          "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
          "networkMode": "awsvpc",
          "volumes": [],
          "placementConstraints": [],
          "requiresCompatibilities": [
            "FARGATE"
          ],
          "cpu": "256",
          "memory": "512",
          "enableFaultInjection": true,
          "tags": [
            {
              "key": "team",
              "value": "shop"
            }
          ],
          "proxyConfiguration": {
            "type": "APPMESH",
            "containerName": "ztunnel",
            "properties": [
              {
                "name": "IgnoredUID",
                "value": "15301"
              },
              {
                "name": "ProxyIngressPort",
                "value": "15006"
              },
              {
                "name": "ProxyEgressPort",
                "value": "15001"
              },
              {
                "name": "AppPorts",
                "value": "8080,9090"
              },
              {
                "name": "EgressIgnoredIPs",
                "value": "169.254.170.2,169.254.169.254"
              }
            ]
          }
        }
        """#
}

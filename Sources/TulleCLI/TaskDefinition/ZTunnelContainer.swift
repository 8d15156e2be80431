import AWSClient

/// The container definition of ztunnel.
struct ZTunnelContainer {
    var image: String
    var token: String
    var record: RestoreRecord

    /// Options of the `awslogs` driver that say where logs go. The rest (such as multi-line patterns) fit the app's
    /// own lines and stay with it.
    private static let logPlaces: Set<String> = [
        "awslogs-group", "awslogs-region", "awslogs-create-group", "mode", "max-buffer-size",
    ]

    /// The container for this definition: it logs where the first container with `awslogs` logs, and reserves memory
    /// of its own where the task as a whole has none.
    func beside(_ definition: TaskDefinition, warnings: inout [String]) -> Container {
        var json: JSONObject = [
            "name": .string(ZTunnelPorts.containerName),
            "image": .string(self.image),
            "user": .string(ZTunnelPorts.uid),
            "essential": true,
            "readonlyRootFilesystem": true,
            "environment": [["name": "BOOTSTRAP_TOKEN", "value": .string(self.token)]],
            "portMappings": [
                ["name": "tulle-hbone", "containerPort": .int(ZTunnelPorts.tunnel), "protocol": "tcp"]
            ],
            "healthCheck": [
                "command": ["CMD", "/ztunnel", "healthcheck"],
                "interval": 5,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 10,
            ],
            "restartPolicy": ["enabled": true, "restartAttemptPeriod": 60],
            "linuxParameters": ["initProcessEnabled": false, "capabilities": ["drop": ["ALL"]]],
            "ulimits": [["name": "nofile", "softLimit": 65535, "hardLimit": 65535]],
            // Containers stop in the reverse order of starting, so ztunnel is last and may use all the time there is.
            "stopTimeout": 120,
            "dockerLabels": .object([RestoreRecord.label: .string(self.record.text)]),
        ]
        if definition["memory"]?.isNull ?? true {
            json["memoryReservation"] = 32
        }
        if let logs = Self.logs(of: definition) {
            json["logConfiguration"] = logs
        } else {
            warnings.append("no container logs to awslogs, so ztunnel has no log configuration; add one to see its log")
        }
        return Container(name: ZTunnelPorts.containerName, json: json)
    }

    /// Never FireLens: its router waits for ztunnel, so ztunnel cannot log through it.
    private static func logs(of definition: TaskDefinition) -> JSONValue? {
        for container in definition.containers where container.logDriver == "awslogs" {
            guard let options = container.json["logConfiguration"]?["options"]?.object,
                options["awslogs-group"] != nil
            else { continue }
            var places = JSONObject(options.filter { Self.logPlaces.contains($0.name) })
            places["awslogs-stream-prefix"] = .string(ZTunnelPorts.containerName)
            return ["logDriver": "awslogs", "options": .object(places)]
        }
        return nil
    }
}

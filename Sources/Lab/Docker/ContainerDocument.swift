import Foundation

/// A container in Docker's own JSON.
struct ContainerDocument {
    private let task: TaskRecord
    private let container: TaskRecord.Container

    init(_ container: TaskRecord.Container, of task: TaskRecord) {
        self.container = container
        self.task = task
    }

    /// An entry of `GET /containers/json`.
    var summary: [String: Any] {
        [
            "Id": self.container.runtimeID,
            "Names": ["/\(self.container.runtimeName)"],
            "Image": self.container.image,
            "ImageID": self.imageID,
            "Command": (self.container.plan?.arguments ?? []).joined(separator: " "),
            "Created": Int(self.task.createdAt),
            "Ports": [Any](),
            "Labels": self.container.dockerLabels(of: self.task),
            "State": self.state,
            "Status": self.isRunning ? "Up" : "Exited (\(self.container.exitCode ?? 0))",
            "HostConfig": ["NetworkMode": self.networkMode],
            "NetworkSettings": ["Networks": self.networks],
            "Mounts": [Any](),
        ]
    }

    /// `GET /containers/{id}/json`.
    var inspection: [String: Any] {
        let plan = self.container.plan
        let arguments = plan?.arguments ?? []
        var state: [String: Any] = [
            "Status": self.state,
            "Running": self.isRunning,
            "Paused": false,
            "Restarting": false,
            "OOMKilled": false,
            "Dead": false,
            "Pid": Int(self.container.processID ?? 0),
            "ExitCode": Int(self.container.exitCode ?? 0),
            "Error": self.container.reason ?? "",
            "StartedAt": Self.time(self.container.startedAt),
            "FinishedAt": Self.time(self.container.finishedAt),
        ]
        if self.container.hasHealthCheck {
            let status = self.container.health == .unknown ? "starting" : self.container.health.rawValue.lowercased()
            state["Health"] = ["Status": status, "FailingStreak": 0, "Log": [Any]()] as [String: Any]
        }
        return [
            "Id": self.container.runtimeID,
            "Created": Self.time(self.task.createdAt),
            "Path": arguments.first ?? "",
            "Args": Array(arguments.dropFirst()),
            "State": state,
            "Image": self.imageID,
            "Name": "/\(self.container.runtimeName)",
            "RestartCount": self.container.restarts,
            "Driver": "overlay2",
            "Platform": "linux",
            "LogPath": self.container.logPath,
            "Mounts": [Any](),
            "HostConfig": [
                "NetworkMode": self.networkMode,
                "PidMode": "",
                "Privileged": plan?.isPrivileged ?? false,
                "CapAdd": plan?.addedCapabilities ?? [],
                "CapDrop": plan?.droppedCapabilities ?? [],
                "CgroupParent": "/ecs/\(self.task.id)",
                "RestartPolicy": ["Name": "", "MaximumRetryCount": 0] as [String: Any],
            ] as [String: Any],
            "Config": [
                "Hostname": plan?.environment["HOSTNAME"] ?? "",
                "User": plan.map { "\($0.user):\($0.group)" } ?? "",
                "Env": (plan?.environment ?? [:]).map { "\($0.key)=\($0.value)" }.sorted(),
                "Cmd": arguments,
                "Image": self.container.image,
                "WorkingDir": plan?.directory ?? "",
                "Labels": self.container.dockerLabels(of: self.task),
            ] as [String: Any],
            "NetworkSettings": [
                // The lab's namespaces have names; Docker's would be under /var/run/docker/netns.
                "SandboxKey": self.ownsNamespace ? self.task.namespace.map { "/run/netns/\($0)" } ?? "" : "",
                "SandboxID": self.ownsNamespace ? self.container.runtimeID : "",
                "IPAddress": "",
                "Networks": self.networks,
            ] as [String: Any],
        ]
    }

    private var isRunning: Bool { self.container.processID != nil }
    private var state: String {
        self.isRunning ? "running" : self.container.status == "PENDING" ? "created" : "exited"
    }
    /// Whether the task's namespace is this container's own: the pause container's.
    private var ownsNamespace: Bool { self.container.runtimeID == self.task.pause?.runtimeID }

    private var networkMode: String {
        if self.task.networkMode == "host" { return "host" }
        guard let pause = self.task.pause, !self.ownsNamespace else { return "none" }
        return "container:\(pause.runtimeID)"
    }

    private var networks: [String: Any] {
        switch self.networkMode {
        case "host", "none":
            [self.networkMode: ["IPAddress": "", "Gateway": "", "NetworkID": ""]]
        default: [:]
        }
    }

    /// Images have no digest here; one made of the name stands for it.
    private var imageID: String {
        let bytes = self.container.image.utf8.prefix(32).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }
        let digits = bytes.joined()
        return "sha256:" + digits + String(repeating: "0", count: max(0, 64 - digits.count))
    }

    private static func time(_ seconds: Double?) -> String {
        seconds.map(MetadataDocument.time) ?? "0001-01-01T00:00:00Z"
    }
}

import AWSClient

/// What must hold before a ztunnel can go into a definition.
enum Preconditions {
    /// Refuses with the first thing that does not hold.
    static func check(_ definition: TaskDefinition) throws(EnrolmentRefusal) {
        let networkMode = definition.text("networkMode") ?? "bridge"
        guard networkMode == "awsvpc" else {
            throw EnrolmentRefusal(
                .networkModeUnsupported,
                "\"networkMode\" is \"\(networkMode)\"; only \"awsvpc\" is supported",
                hint: "a ztunnel serves one task, and only awsvpc gives a task its own address; change the mode first"
            )
        }
        let system = definition["runtimePlatform"]?["operatingSystemFamily"]?.string ?? "LINUX"
        guard system == "LINUX" else {
            throw EnrolmentRefusal(
                .platformUnsupported,
                "\"runtimePlatform.operatingSystemFamily\" is \"\(system)\"; only \"LINUX\" is supported",
                hint: "leave this service outside the mesh; others reach it in plain text"
            )
        }
        guard let role = definition.text("taskRoleArn"), !role.isEmpty else {
            throw EnrolmentRefusal(
                .taskRoleMissing,
                "\"taskRoleArn\" is missing",
                hint: "give the task a role of its own (it needs no permission): ztunnel proves its identity with it"
            )
        }
        try self.checkProxy(of: definition)
        for container in definition.containers {
            try self.check(container)
        }
        if let cycle = DependencyOrder.cycle(in: definition.containers) {
            throw EnrolmentRefusal(
                .dependencyCycle,
                "\"dependsOn\" goes in a circle: \((cycle + cycle.prefix(1)).joined(separator: " → "))",
                hint: "take one of these dependencies out; ECS would refuse the definition as well"
            )
        }
    }

    private static func checkProxy(of definition: TaskDefinition) throws(EnrolmentRefusal) {
        guard let proxy = definition["proxyConfiguration"], !proxy.isNull else { return }
        let owner = proxy["containerName"]?.string ?? "?"
        throw EnrolmentRefusal(
            .foreignProxy,
            "\"proxyConfiguration\" already hands the traffic to container \"\(owner)\"",
            hint: "take the App Mesh proxy out first: remove \"proxyConfiguration\" and the container \"\(owner)\", "
                + "register that, then run this again"
        )
    }

    private static func check(_ container: Container) throws(EnrolmentRefusal) {
        for member in ["dependsOn", "environment"] {
            guard let value = container.json[member], !value.isNull, value.array == nil else { continue }
            throw EnrolmentRefusal(
                .definitionMalformed,
                "\"\(member)\" of container \"\(container.name)\" is no list",
                hint: "make it a list, or leave it out; ECS would refuse the definition as well"
            )
        }
        if container.user == ZTunnelPorts.uid {
            throw EnrolmentRefusal(
                .userReserved,
                "container \"\(container.name)\" runs as user \(ZTunnelPorts.uid), which is ztunnel's",
                hint: "give the container another user: the capture exempts this one"
            )
        }
        if let port = container.ports("tcp").first(where: ZTunnelPorts.all.contains) {
            throw EnrolmentRefusal(
                .portReserved,
                "container \"\(container.name)\" maps port \(port), which ztunnel listens on",
                hint: "move the container to another port; ztunnel uses "
                    + ZTunnelPorts.all.sorted().map(String.init).joined(separator: ", ")
            )
        }
    }
}

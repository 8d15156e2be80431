import Foundation
import Glibc
import Logging

extension TaskRunner {
    /// Makes all that the containers need before the first of them starts.
    func prepare() async throws {
        self.graph = try ContainerGraph(self.definition.containerDefinitions)
        let rules = try self.definition.proxyConfiguration.map {
            try RedirectRules($0, containers: self.definition.containerDefinitions.map(\.name))
        }
        try self.makeControlGroups()
        for container in self.definition.containerDefinitions {
            let image = self.surroundings.configuration.images.image(named: container.image)
            try self.surroundings.runtime.install(image, named: container.image)
            let plan = try self.plan(container, image: image)
            if let check = container.healthCheck { self.healths[container.name] = HealthState(check) }
            _ = try container.healthCheck.map(plan.healthCommand)
            try self.surroundings.runtime.makeScratch(plan)
            self.change(container.name) { $0.plan = plan }
        }
        if let role = self.record.roleArn {
            do {
                _ = try await self.surroundings.credentials.document(for: self.record)
            } catch {
                throw LabError(
                    .invalidConfiguration,
                    "ECS was unable to assume the role '\(role)' that was provided for this task. Please verify that the"
                        + " role being passed has the proper trust relationship and permissions: \(error)"
                )
            }
        }
        guard let network = self.network else {
            if rules != nil {
                self.log.warning("no redirect without root: proxyConfiguration is not applied; use capture mode socks")
            }
            return
        }
        try await network.make()
        if let rules {
            if !rules.droppedAppPorts.isEmpty {
                self.log.warning(
                    "more than 15 app ports: ECS drops the rest",
                    metadata: ["ports": "\(rules.droppedAppPorts)"]
                )
            }
            try await network.install(rules)
        }
        for control in self.definition.containerDefinitions.flatMap({ $0.systemControls ?? [] }) {
            try await network.set(control.namespace ?? "", to: control.value ?? "")
        }
        try self.startPause()
    }

    /// A task's network, or nil where it has none of its own.
    static func network(of task: MotoState.Task, definition: TaskDefinition, surroundings: Surroundings) throws
        -> TaskNetwork?
    {
        let configuration = surroundings.configuration
        let isOnInstance = task.containerInstanceArn != nil
        guard configuration.mode == .namespaces else {
            guard !isOnInstance else {
                throw LabError(.containerUnsupported, "launch type EC2 needs network namespaces, which need root")
            }
            return nil
        }
        if definition.networkMode == "host", isOnInstance { return nil }
        guard let text = task.address, let address = IPv4Address(parsing: text) else {
            throw LabError(.invalidConfiguration, "task \(task.id) has no IPv4 address")
        }
        return TaskNetwork(
            taskID: task.id,
            address: address,
            addressV6: task.addressV6,
            networkV6: configuration.networkV6,
            hardwareAddress: task.macAddress,
            bridge: configuration.bridge,
            network: configuration.network,
            ledger: surroundings.ledger
        )
    }

    // MARK: Container instance

    private var controlGroup: ControlGroup? {
        guard self.record.containerInstanceArn != nil, let hierarchy = self.surroundings.controlGroups else {
            return nil
        }
        return ControlGroup(hierarchy: hierarchy, taskID: self.record.id)
    }

    private func makeControlGroups() throws {
        try self.controlGroup?.make(
            containers: self.record.allContainers.map(\.runtimeID),
            ledger: self.surroundings.ledger
        )
    }

    /// Removes the task's control groups with all that is left in them.
    func removeControlGroups() async {
        guard let group = self.controlGroup else { return }
        do {
            try await ControlGroup.remove(group.path)
            try self.surroundings.ledger.didRemove(.controlGroup(path: group.path))
            rmdir(group.parent)
        } catch {
            self.log.warning("the task's control groups aren't wholly removed: \(error)")
        }
    }

    /// Starts the container that holds the namespace, as the agent does before all others.
    private func startPause() throws {
        guard var pause = self.record.pause else { return }
        let entry = ContainerDefinition(
            name: pause.name,
            image: pause.image,
            entryPoint: ["sleep"],
            command: ["infinity"],
            user: "0"
        )
        let plan = try self.plan(entry, image: ImageTable.Image())
        try self.surroundings.runtime.makeScratch(plan)
        let process = try plan.start(plan.arguments, output: -1)
        self.pause = process
        pause.plan = plan
        pause.status = "RUNNING"
        pause.startedAt = Date().timeIntervalSince1970
        pause.processID = process.id
        self.record.pause = pause
        self.surroundings.directory.update(self.record)
    }

    /// Ends that container, the last of all.
    func endPause() async {
        guard let process = self.pause else { return }
        process.killGroup()
        let exit = await process.exit()
        self.record.pause?.status = "STOPPED"
        self.record.pause?.exitCode = exit.shellCode
        self.record.pause?.processID = nil
        self.surroundings.directory.update(self.record)
    }

    // MARK: Plans

    func plan(_ container: ContainerDefinition, image: ImageTable.Image) throws -> ContainerPlan {
        let isLoopback = self.surroundings.configuration.mode == .loopback
        let place: TaskPlace =
            self.network.map { .namespace($0.namespace) }
            ?? (isLoopback ? .loopback(address: self.record.address) : .host)
        let entry = self.record.allContainers.first { $0.name == container.name }
        let metadataURL = place == .host ? self.surroundings.hostMetadataURL : self.surroundings.metadataURL
        let isOnInstance = self.record.containerInstanceArn != nil
        var environment = [
            ProcessTable.marker: self.surroundings.labID,
            "AWS_REGION": self.record.region,
            "AWS_DEFAULT_REGION": self.record.region,
            "AWS_EXECUTION_ENV": isOnInstance ? "AWS_ECS_EC2" : "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": self.surroundings.configuration.apiURL,
            "ECS_CONTAINER_METADATA_URI": "\(metadataURL)/v3/\(entry?.endpointID ?? "")",
            "ECS_CONTAINER_METADATA_URI_V4": "\(metadataURL)/v4/\(entry?.endpointID ?? "")",
        ]
        if place == .host {
            // Where a definition would mount the host's socket, the lab says where its own is.
            if let path = self.surroundings.dockerSocket { environment["DOCKER_HOST"] = "unix://\(path)" }
            if let url = self.surroundings.introspectionURL { environment["TULLE_LAB_INTROSPECTION_URL"] = url }
        }
        if let service = self.record.service { environment["TULLE_LAB_SERVICE"] = service }
        if let id = self.record.credentialsID {
            if let token = self.record.token {
                environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] =
                    "\(metadataURL)/v2/credentials/\(id)"
                environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token
            } else {
                environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/\(id)"
            }
        }
        return try ContainerPlan(
            container,
            image: image,
            surroundings: ContainerPlan.Surroundings(
                place: place,
                runtimeDirectory: self.surroundings.runtime.root,
                taskID: self.record.id,
                environment: environment,
                controlGroup: entry.flatMap { self.controlGroup?.path(of: $0.runtimeID) }
            )
        )
    }
}

import AWSClient

/// The edit that puts a ztunnel into a task definition. Pure: a definition in, a definition and warnings out.
package struct Enrolment: Sendable, Hashable {
    /// The bootstrap token for the container's environment; holds no secret.
    package var token: String
    /// The image; `nil` keeps the one of a ztunnel that is already there.
    package var image: String?
    /// How connections are captured.
    package var capture: CaptureMode
    /// App ports to capture, in order of importance; empty takes all TCP ports that the containers map.
    package var appPorts: [Int] = []
    /// Destination ports that stay outside the mesh (capture mode appmesh).
    package var egressIgnoredPorts: [Int] = []
    /// Tags for the definition itself, where no service is there to carry them.
    package var tags: [(key: String, value: String)] {
        get { self.tagList.map { ($0.key, $0.value) } }
        set { self.tagList = newValue.map { Tag(key: $0.key, value: $0.value) } }
    }
    private var tagList: [Tag] = []

    private struct Tag: Sendable, Hashable {
        var key: String
        var value: String
    }
    /// The service's settings before, to be put back one day.
    package var service: RestoreRecord.ServiceSettings?

    /// An edit with everything else at its default.
    package init(token: String, image: String? = nil, capture: CaptureMode = .appmesh) {
        self.token = token
        self.image = image
        self.capture = capture
    }

    /// What came out.
    package struct Outcome: Sendable, Hashable {
        /// The definition to register.
        package var definition: TaskDefinition
        /// What a person should know, one line each.
        package var warnings: [String]
        /// The app ports that are captured; empty in mode socks.
        package var appPorts: [Int]
        /// The image that ztunnel runs from.
        package var image: String
    }

    /// Puts the ztunnel in. Applied to its own result it changes nothing: an earlier ztunnel is taken out first.
    package func apply(to definition: TaskDefinition) throws(EnrolmentRefusal) -> Outcome {
        var warnings: [String] = []
        var edited = definition
        var record = RestoreRecord()
        record.service = self.service
        var image = self.image
        if let old = definition.containers.first(where: { $0.name == ZTunnelPorts.containerName }) {
            let withdrawn = try Withdrawal.apply(to: definition)
            edited = withdrawn.definition
            image = image ?? old.json["image"]?.string
            if withdrawn.hadRecord {
                // The settings before the first enrolment are the ones to go back to.
                record.service = withdrawn.service ?? record.service
            } else {
                warnings.append("the container \"ztunnel\" that was there is replaced; it was not written by tulle")
            }
        }
        try Preconditions.check(edited)
        guard let image, !image.isEmpty else {
            throw EnrolmentRefusal(
                .imageMissing,
                "no image for the ztunnel container",
                hint: "pass --image, or set TULLE_ZTUNNEL_IMAGE (deploy/container/ has the file to build one from)"
            )
        }

        var ports: [Int] = []
        switch self.capture {
        case .appmesh:
            ports = self.capturedPorts(of: edited, warnings: &warnings)
        case .socks:
            self.addProxyEnvironment(to: &edited, record: &record, warnings: &warnings)
        }
        for index in edited.containers.indices {
            let before = edited.containers[index].waitForHealth(of: ZTunnelPorts.containerName)
            record.noteDependsOn(before, of: edited.containers[index].name)
        }
        if self.capture == .appmesh { record.hadNullProxy = edited["proxyConfiguration"] != nil }
        for tag in self.tagList {
            record.tags.append((tag.key, edited.setTag(tag.key, tag.value)))
        }
        let container = ZTunnelContainer(image: image, token: self.token, record: record)
        edited.containers.append(container.beside(edited, warnings: &warnings))
        if self.capture == .appmesh {
            edited["proxyConfiguration"] = self.redirect(ports)
        }
        return Outcome(definition: edited, warnings: warnings, appPorts: ports, image: image)
    }

    private func capturedPorts(of definition: TaskDefinition, warnings: inout [String]) -> [Int] {
        let mapped = definition.containers.flatMap { $0.ports("tcp") }
        let udp = definition.containers.flatMap { $0.ports("udp") }
        if !udp.isEmpty {
            warnings.append("UDP stays outside the mesh: port \(Self.list(Set(udp).sorted()))")
        }
        var seen: Set<Int> = []
        let ports = self.appPorts.isEmpty ? Set(mapped).sorted() : self.appPorts.filter { seen.insert($0).inserted }
        guard ports.count > ZTunnelPorts.mostAppPorts else { return ports }
        let dropped = Array(ports.dropFirst(ZTunnelPorts.mostAppPorts))
        warnings.append(
            "ECS captures at most \(ZTunnelPorts.mostAppPorts) app ports; plain connections to "
                + "\(Self.list(dropped)) go past ztunnel (choose with --container-port)"
        )
        return Array(ports.prefix(ZTunnelPorts.mostAppPorts))
    }

    private func addProxyEnvironment(
        to definition: inout TaskDefinition,
        record: inout RestoreRecord,
        warnings: inout [String]
    ) {
        warnings.append(
            "capture mode socks: plain connections to the app's own ports go past ztunnel; allow only port "
                + "\(ZTunnelPorts.tunnel) in the security group"
        )
        for index in definition.containers.indices {
            // A log router ships to AWS on its own, and its plugins do not speak SOCKS.
            if definition.containers[index].isLogRouter { continue }
            let name = definition.containers[index].name
            let taken = Set(definition.containers[index].environmentNames)
            let kept = ProxyEnvironment.variables.filter { taken.contains($0.name) }.map(\.name)
            if !kept.isEmpty {
                warnings.append("container \"\(name)\" sets \(kept.joined(separator: ", ")) itself; left as it is")
            }
            let added = ProxyEnvironment.variables.filter { !taken.contains($0.name) }
            if added.isEmpty { continue }
            record.noteEnvironment(definition.containers[index].addEnvironment(added), of: name)
            record.addedEnvironment[name] = added.map(\.name)
        }
    }

    private func redirect(_ ports: [Int]) -> JSONValue {
        let appPorts = ports.isEmpty ? [ZTunnelPorts.noAppPort] : ports
        var properties: [(String, String)] = [
            ("IgnoredUID", ZTunnelPorts.uid),
            ("ProxyIngressPort", "\(ZTunnelPorts.inbound)"),
            ("ProxyEgressPort", "\(ZTunnelPorts.outbound)"),
            ("AppPorts", Self.list(appPorts)),
            ("EgressIgnoredIPs", ZTunnelPorts.linkLocal),
        ]
        if !self.egressIgnoredPorts.isEmpty {
            properties.append(("EgressIgnoredPorts", Self.list(self.egressIgnoredPorts)))
        }
        return [
            "type": "APPMESH",
            "containerName": .string(ZTunnelPorts.containerName),
            "properties": .array(properties.map { ["name": .string($0.0), "value": .string($0.1)] }),
        ]
    }

    private static func list(_ ports: [Int]) -> String {
        ports.map(String.init).joined(separator: ",")
    }
}

import AWSClient

/// The inverse of an enrolment: takes the ztunnel out and leaves what was there before, byte for byte.
package enum Withdrawal {
    /// What came out.
    package struct Outcome: Sendable, Hashable {
        /// The definition to register.
        package var definition: TaskDefinition
        /// The service's settings before it was enrolled, as far as they are known.
        package var service: RestoreRecord.ServiceSettings?
        /// Whether the ztunnel carried our record. Without one, lists that end up empty are removed.
        package var hadRecord: Bool
    }

    /// Takes the ztunnel out.
    /// - Throws: `not_enrolled` when there is none; `definition_malformed` when it is the only container.
    package static func apply(to definition: TaskDefinition) throws(EnrolmentRefusal) -> Outcome {
        let name = ZTunnelPorts.containerName
        guard let ztunnel = definition.containers.first(where: { $0.name == name }) else {
            throw EnrolmentRefusal(
                .notEnrolled,
                "the task definition \"\(definition.family)\" has no container \"\(name)\"",
                hint: "nothing to do; 'tulle ecs list-services' shows what is enrolled"
            )
        }
        guard definition.containers.count > 1 else {
            throw EnrolmentRefusal(
                .definitionMalformed,
                "\"\(name)\" is the only container of \"\(definition.family)\"",
                hint: "a task needs a container of its own besides ztunnel"
            )
        }
        let found = ztunnel.json["dockerLabels"]?[RestoreRecord.label]?.string.flatMap(RestoreRecord.init(text:))
        let record = found ?? RestoreRecord()
        var restored = definition
        restored.containers.removeAll { $0.name == name }
        for index in restored.containers.indices {
            let container = restored.containers[index].name
            // Without a record nobody knows whether the list was there before; absent is what most people write.
            restored.containers[index].stopWaiting(
                for: name,
                before: found == nil ? .absent : record.dependsOnBefore(container)
            )
            if let added = record.addedEnvironment[container] {
                restored.containers[index].removeEnvironment(
                    Set(added),
                    before: record.environmentBefore(container)
                )
            }
        }
        if restored["proxyConfiguration"]?["containerName"]?.string == name {
            restored["proxyConfiguration"] = record.hadNullProxy ? .null : nil
        }
        for tag in record.tags {
            if let before = tag.before {
                _ = restored.setTag(tag.key, before)
            } else {
                restored.removeTag(tag.key)
            }
        }
        return Outcome(definition: restored, service: record.service, hadRecord: found != nil)
    }
}

package import Logging

extension TaskRunner {
    /// What all tasks of a lab share.
    package struct Surroundings: Sendable {
        package var configuration: LabConfiguration
        package var labID: String
        package var logs: String
        package var vpcID: String
        package var ledger: Ledger
        package var runtime: RuntimeDirectory
        package var directory: TaskDirectory
        package var credentials: TaskCredentials
        package var control: MotoControl
        /// Base of the metadata URIs, without a slash at its end.
        package var metadataURL: String
        /// The same for containers in the container instance's own network.
        package var hostMetadataURL: String
        /// The unix socket of the Docker API; nil without root.
        package var dockerSocket: String?
        /// The ECS agent's introspection; nil without root.
        package var introspectionURL: String?
        /// Where control groups can be made, if they can.
        package var controlGroups: String?
        package var logger: Logger
    }

    /// How a task ended, for the scheduler.
    package struct Outcome: Sendable {
        /// Whether nobody asked it to stop.
        package var endedByItself: Bool
        package var failed: Bool
    }
}

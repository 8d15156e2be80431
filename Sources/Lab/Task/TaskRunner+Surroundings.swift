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
        package var logger: Logger
    }

    /// How a task ended, for the scheduler.
    package struct Outcome: Sendable {
        /// Whether nobody asked it to stop.
        package var endedByItself: Bool
        package var failed: Bool
    }
}

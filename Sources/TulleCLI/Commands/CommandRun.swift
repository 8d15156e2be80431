import AWSClient
import ArgumentParser
import Foundation
import Logging

/// The surroundings of one command: the process's environment and streams, and connections that end with it.
struct CommandRun: Sendable {
    let environment: [String: String]
    let console: Console

    init() {
        self.environment = ProcessInfo.processInfo.environment
        self.console = Console.standard(environment: self.environment)
    }

    /// Does the command's work; an error is told on standard error and ends the program with status 1.
    func perform(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error where !(error is ExitCode || error is ValidationError || error is CleanExit) {
            let failure = CommandFailure(error)
            self.console.failure(failure.message, hint: failure.hint)
            throw ExitCode.failure
        }
    }

    /// Lends a connection to ECS.
    func withECS<Result>(_ options: AWSOptions, _ work: (any ECSAccess) async throws -> Result) async throws -> Result {
        let configuration = try AWSConfiguration(
            environment: self.environment,
            profile: options.profile,
            region: options.region
        )
        // Retries are told by the outcome; a person at a terminal needs no log beside it.
        let client = AWSClient(
            configuration,
            logger: Logger(label: "tulle", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        do {
            let result = try await work(LiveECS(client: client))
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Asks the control plane about itself.
    func controlPlane(at address: String) async throws -> ControlPlaneFacts {
        let transport = NetworkTransport()
        do {
            let facts = try await ControlPlaneFacts.fetch(from: address, over: transport)
            await transport.shutdown()
            return facts
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}

/// ECS itself.
private struct LiveECS: ECSAccess {
    let client: AWSClient

    func call(_ action: String, _ input: JSONValue) async throws -> JSONValue {
        try await self.client.call(.ecs, action: action, body: input)
    }
}

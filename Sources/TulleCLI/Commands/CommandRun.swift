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

    /// Does the command's work; an error is told on standard error and ends the program with its status.
    func perform(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error where !(error is ExitCode || error is ValidationError || error is CleanExit) {
            let failure = CommandFailure(error)
            self.console.failure(failure.message, hint: failure.hint)
            throw failure.status.code
        }
    }

    /// Lends a connection to ECS.
    func withECS<Result>(_ options: AWSOptions, _ work: (any ECSAccess) async throws -> Result) async throws -> Result {
        try await self.withAWS(options) { client in try await work(LiveECS(client: client)) }
    }

    /// Lends a client of AWS.
    func withAWS<Result>(_ options: AWSOptions, _ work: (AWSClient) async throws -> Result) async throws -> Result {
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
            let result = try await work(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Lends a connection to the control plane's admin API.
    func withAdmin<Result>(
        _ options: ControlPlaneOptions,
        _ work: (AdminClient) async throws -> Result
    ) async throws -> Result {
        let address = try options.address(in: self.environment)
        return try await self.withTransport(options) { transport in
            try await work(AdminClient(address, over: transport))
        }
    }

    /// Asks the control plane about itself.
    func controlPlane(_ options: ControlPlaneOptions) async throws -> ControlPlaneFacts {
        let address = try options.address(in: self.environment)
        return try await self.withTransport(options) { transport in
            try await ControlPlaneFacts.fetch(from: address, over: transport)
        }
    }

    /// Lends a network that ends with the work.
    /// - Parameter options: whom to trust and what to show; `nil` for the system's roots, and nothing.
    func withTransport<Result>(
        _ options: ControlPlaneOptions? = nil,
        _ work: (any HTTPTransport) async throws -> Result
    ) async throws -> Result {
        let transport = try options?.transport() ?? NetworkTransport()
        do {
            let result = try await work(transport)
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }
}

/// ECS itself.
struct LiveECS: ECSAccess {
    let client: AWSClient

    func call(_ action: String, _ input: JSONValue) async throws -> JSONValue {
        try await self.client.call(.ecs, action: action, body: input)
    }
}

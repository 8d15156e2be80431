import AWSClient
import CertificateAuthority
import ECSDiscovery
import Foundation
package import Logging
package import MeshConfig
import MeshModel
import ServiceLifecycle

/// The whole control plane: authority, discovery, registry, listener, admin port and zones, put together and run.
package final class ControlPlane: ServiceLifecycle.Service {
    private let configuration: TulledConfiguration
    private let environment: [String: String]
    private let logger: Logger
    private let limits: ServerLimits

    /// Makes it; `run` does the work.
    ///
    /// - Parameters:
    ///   - configuration: a checked configuration.
    ///   - environment: where AWS credentials and endpoints come from.
    package init(configuration: TulledConfiguration, environment: [String: String], logger: Logger) {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        var limits = ServerLimits()
        limits.streams = configuration.streams
        limits.streamsPerIdentity = max(16, configuration.streams / 4)
        limits.connections = configuration.streams + 2000
        limits.connectionAge = configuration.connectionAge
        self.limits = limits
    }

    /// Runs until stopped: a graceful stop ends streams, waits for calls up to the configured time, and returns.
    ///
    /// - Throws: `AuthorityError` when the state directory cannot be used, `AWSError` when AWS settings cannot be
    ///   read, or a system error when a port cannot be listened on.
    package func run() async throws {
        let state = try StateDirectory(path: self.configuration.stateDirectory)
        let client = AWSClient(
            try AWSConfiguration(environment: self.environment, region: self.configuration.regions.first),
            logger: self.logger
        )
        do {
            let authority = try await AuthorityAssembly(
                self.configuration,
                state: state,
                client: client,
                logger: self.logger
            )
            try await self.run(state: state, authority: authority, client: client)
            await client.shutdown()
        } catch is CancellationError {
            // Told to stop before it was up.
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func run(state: StateDirectory, authority: AuthorityAssembly, client: AWSClient) async throws {
        let transport = NetworkTransport()
        // A stop must not wait for AWS.
        let accounts = try await cancelWhenGracefulShutdown { try await self.accounts(client) }
        let parts = try await ControlPlaneParts(
            configuration: self.configuration,
            limits: self.limits,
            accounts: accounts,
            state: state,
            authority: authority,
            client: client,
            shared: SharedTable(self.configuration, client: client),
            transport: transport,
            logger: self.logger
        )
        do {
            try await cancelWhenGracefulShutdown { try await parts.configuration.begin() }
            try await self.run(parts, keeper: authority.keeper)
            await transport.shutdown()
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    private enum Ending: Sendable {
        case served
        case drained
        case worker
    }

    private func run(_ parts: ControlPlaneParts, keeper: (any AuthorityKeeping)?) async throws {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask {
                try await parts.server.run()
                return .served
            }
            for admin in parts.admin {
                group.addTask {
                    try await admin.run()
                    return .worker
                }
            }
            group.addTask {
                await parts.publisher.run()
                return .worker
            }
            group.addTask {
                await parts.keySets.run()
                return .worker
            }
            group.addTask {
                await parts.sessions.run()
                return .worker
            }
            if let zones = parts.zones {
                group.addTask {
                    await Self.run(parts.replicas?.zones) { await zones.run() }
                    return .worker
                }
            }
            group.addTask {
                await parts.fleet.run()
                return .worker
            }
            group.addTask {
                await Self.run(parts.replicas?.events) { await parts.events.run() }
                return .worker
            }
            if let replicas = parts.replicas {
                group.addTask {
                    await replicas.feed.follow()
                    return .worker
                }
            }
            group.addTask {
                await parts.rotation.run()
                return .worker
            }
            group.addTask {
                await parts.configuration.run { parts.declare($0) }
                return .worker
            }
            if let keeper {
                group.addTask {
                    await keeper.run()
                    return .worker
                }
            }
            group.addTask {
                try await gracefulShutdown()
                self.logger.info("stopping")
                parts.server.stop()
                try await Task.sleep(for: self.configuration.drain)
                return .drained
            }
            self.logger.info(
                "control plane started",
                metadata: [
                    "address": "\(self.configuration.listen)", "aws.regions": "\(self.configuration.regions)",
                    "mesh.trust_domain": "\(self.configuration.trustDomain)",
                ]
            )
            defer { group.cancelAll() }
            while let ending = try await group.next() {
                switch ending {
                case .worker: continue
                case .served, .drained:
                    await parts.replicas?.release()
                    return
                }
            }
        }
        self.logger.info("stopped")
    }

    /// Does what one replica only may do: for as long as it holds the lease, or always where it is the only one.
    private static func run(_ lease: LeaseKeeper?, _ work: @escaping @Sendable () async -> Void) async {
        if let lease { await lease.run(work) } else { await work() }
    }

    /// The accounts whose tasks may join: as configured, or our own. Waits for AWS as long as it takes: without the
    /// answer nobody could be let in anyway.
    private func accounts(_ client: AWSClient) async throws -> Set<String> {
        guard self.configuration.accounts.isEmpty else { return Set(self.configuration.accounts) }
        var pause = 1.0
        while true {
            do {
                return [try await client.callerIdentity().account]
            } catch let error as AWSError {
                self.logger.warning(
                    "own account not known yet; set accounts (--account 111122223333) to start without asking",
                    metadata: ["error.code": "\(error.code)", "error": "\(error.message)"]
                )
            }
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.8...1.2)))
            pause = min(pause * 2, 30)
        }
    }
}

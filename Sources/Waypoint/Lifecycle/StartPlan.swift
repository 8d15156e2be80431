package import DataPlane
package import MeshDNS
package import MeshModel
import TunnelEngine

/// Everything that a waypoint starts with, read and checked before anything runs.
package struct StartPlan: Sendable {
    /// The settings.
    package var configuration: Configuration
    /// The bootstrap token.
    package var token: BootstrapToken
    /// Who we are.
    package var local: LocalWorkload
    /// Where the task's credentials are; nil for a machine with a join token.
    package var credentials: CredentialsEndpoint?
    /// The region, where the environment names one; else the task's metadata tell.
    package var region: AWSRegion?
    /// Where the task's metadata are; nil outside ECS.
    package var metadata: (address: SocketAddress, request: HTTPClientRequest)?
    /// The task's DNS servers.
    package var resolver: ResolverConfiguration
    /// The variables of OpenTelemetry, for collectors that the mesh names later.
    package var telemetryVariables: [String: String]

    /// Why a waypoint can't start; one line each.
    package struct Problems: Error, Sendable {
        package var lines: [String]
    }

    /// Reads everything from the environment and the files that it names.
    package init(environment: [String: String]) throws(Problems) {
        do throws(ConfigurationErrors) {
            self.configuration = try Configuration(environment: environment)
        } catch {
            throw Problems(lines: error.all.map { "\($0)" })
        }
        self.token = try Self.token(self.configuration.bootstrapToken)
        self.metadata = environment["ECS_CONTAINER_METADATA_URI_V4"].flatMap { TaskMetadata.endpoint($0) }
        let addresses = [self.configuration.instanceAddress, self.configuration.listenAddress].compactMap { $0 }
        self.local = LocalWorkload(
            identity: self.token.identity,
            network: self.configuration.network ?? self.token.network,
            cluster: self.token.cluster,
            meshDomain: self.token.meshDomain,
            name: "",
            addresses: addresses
        )
        let known = Set(OTLPSettings.variables)
        self.telemetryVariables = environment.filter { known.contains($0.key) }
        let name = WaypointContext.serviceName(of: self.token.identity)
        self.configuration.tracing?.nameService(name)
        self.configuration.metricExport?.nameService(name)
        self.configuration.accessExport?.nameService(name)
        self.resolver = ResolverConfiguration(parsing: SmallFile.read("/etc/resolv.conf", limit: 65_536) ?? "")
        guard self.token.joinToken == nil else { return }
        do {
            self.credentials = try CredentialsEndpoint { environment[$0] }
            let isNamed = ["AWS_REGION", "AWS_DEFAULT_REGION"].contains { environment[$0]?.isEmpty == false }
            self.region = isNamed ? try AWSRegion.resolve(environment: { environment[$0] }, taskARN: nil) : nil
            guard isNamed || self.metadata != nil else { throw AttestationError.regionUnknown }
        } catch {
            throw Problems(lines: ["\(error)"])
        }
    }

    private static func token(_ value: String) throws(Problems) -> BootstrapToken {
        var text = value
        if BootstrapToken.isPath(value) {
            guard let content = SmallFile.read(value, limit: BootstrapToken.byteLimit) else {
                throw Problems(lines: ["BOOTSTRAP_TOKEN: file \(value.prefix(255)) can't be read"])
            }
            text = content
        }
        do {
            return try BootstrapToken(text)
        } catch {
            throw Problems(lines: ["BOOTSTRAP_TOKEN: \(error)"])
        }
    }
}

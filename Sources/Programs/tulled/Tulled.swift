import ArgumentParser
import ControlPlane
import Foundation
import Logging
import MeshConfig
import ServiceLifecycle
import UnixSignals

/// The control plane of the mesh.
@main
struct Tulled: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tulled",
        abstract: "The control plane: finds ECS services, gives out identities, tells data planes what there is.",
        discussion: """
            Every setting can be given as a flag, as an environment variable TULLED_<FLAG> with '_' for '-', or in a \
            YAML file; flags win over the environment, that over the file. AWS credentials and endpoints come from \
            AWS's own variables and files.
            """
    )

    @Option(help: "A YAML file of settings; also TULLED_CONFIG.")
    var config: String?
    @Option(help: "Directory for keys and allocations, mode 0700. Default /var/lib/tulled.")
    var stateDir: String?
    @Option(help: "Address for data planes. Default 0.0.0.0:15012.")
    var listen: String?
    @Option(help: "Address for metrics and debug pages. Default 127.0.0.1:15014.")
    var adminListen: String?
    @Option(help: "Address for the same pages over TLS, for clients with a certificate of this mesh. Default none.")
    var adminTlsListen: String?
    @Option(help: "An identity that may write there, as SPIFFE URI; repeatable.")
    var adminIdentity: [String] = []
    @Option(help: "Whether callers over loopback may write on the admin port: true or false. Default true.")
    var adminWritesFromLoopback: String?
    @Option(help: "URL under which data planes reach us, https://<host>:<port>.")
    var publicUrl: String?
    @Option(help: "A further name or address for the server certificate; repeatable.")
    var serverName: [String] = []
    @Option(help: "Trust domain of all identities. Default cluster.local.")
    var trustDomain: String?
    @Option(help: "A further trust domain whose identities are known; repeatable.")
    var trustDomainAlias: [String] = []
    @Option(help: "Suffix of long service names. Default mesh.internal.")
    var meshDomain: String?
    @Option(help: "Virtual addresses of services: ipv4, or dual for IPv6 as well. Default ipv4.")
    var virtualAddresses: String?
    @Option(help: "Network of the tasks' addresses. Default empty.")
    var network: String?
    @Option(help: "Name of this mesh member in workload ids. Default ecs.")
    var clusterId: String?
    @Option(help: "What attestations must be signed for. Default <trust domain>/tulled.")
    var audience: String?
    @Option(help: "An AWS region; repeatable. Default AWS_REGION.")
    var region: [String] = []
    @Option(help: "An AWS account whose tasks may join; repeatable. Default our own.")
    var account: [String] = []
    @Option(help: "An ECS cluster to search; repeatable. Default all that are tagged tulle/discovery-enabled=true.")
    var cluster: [String] = []
    @Option(help: "A binding <role ARN>=<namespace>/<service account>; repeatable.")
    var binding: [String] = []
    @Option(help: "Time between two looks at ECS. Default 15s.")
    var pollInterval: String?
    @Option(help: "Percentage of tasks that may vanish at once before a further poll must confirm it. Default 30.")
    var suspiciousLoss: String?
    @Option(help: "Another STS for a region, <region>=<URL>; repeatable. For laboratories.")
    var stsEndpoint: [String] = []
    @Option(help: "Life of a workload certificate unless asked for. Default 24h.")
    var workloadTtl: String?
    @Option(help: "Longest life of a workload certificate. Default 24h.")
    var workloadMaxTtl: String?
    @Option(help: "Life of our own certificate. Default 24h.")
    var serverTtl: String?
    @Option(help: "What signs: self-signed (default), plugged-in, secrets-manager, private-ca, private-ca-leaves.")
    var authority: String?
    @Option(help: "Directory of a plugged-in authority's files.")
    var authorityDir: String?
    @Option(help: "ARN of the secret with the authority's files.")
    var authoritySecret: String?
    @Option(help: "ARN of the AWS Private CA above the mesh.")
    var privateCa: String?
    @Option(help: "Life of an intermediate that a Private CA signs. Default 90d.")
    var privateCaTtl: String?
    @Option(help: "A file of PEM roots that peers trust beside the Private CA's.")
    var additionalRoots: String?
    @Option(help: "Directory of declared resources. Default: configuration, in the state directory.")
    var configDir: String?
    @Option(help: "The DynamoDB table that replicas share. Default none: there is one replica.")
    var sharedTable: String?
    @Option(help: "The region of that table. Default the first region.")
    var sharedTableRegion: String?
    @Option(help: "A block of private addresses where keys of tokens may be fetched; repeatable.")
    var keyNetwork: [String] = []
    @Option(help: "A private zone to keep names in, by name or id:<zone id>; repeatable.")
    var route53Zone: [String] = []
    @Option(help: "Quiet time before a push. Default 50ms.")
    var debounce: String?
    @Option(help: "Longest wait before a push. Default 1s.")
    var debounceMax: String?
    @Option(help: "Most data planes at once. Default 10000.")
    var maxStreams: String?
    @Option(help: "How old a data plane's connection gets; 0s for any age. Default 30m.")
    var connectionAge: String?
    @Option(help: "How long a stop waits for open calls. Default 10s.")
    var drain: String?
    @Option(help: "trace, debug, info, warning or error. Default info.")
    var logLevel: String?

    @Flag(help: "Take this mesh's names out of its Route 53 zones, and end. Stop every tulled first.")
    var removeZoneNames = false

    func run() async throws {
        ProcessMemory.bound()
        let environment = ProcessInfo.processInfo.environment
        let settings: TulledConfiguration
        switch TulledConfiguration.resolve(
            flags: self.flags,
            environment: environment,
            file: try self.file(environment)
        ) {
        case .success(let resolved):
            settings = resolved
        case .failure(let faults):
            FileHandle.standardError.write(Data("\(faults)\n".utf8))
            throw ExitCode(64)
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "tulled")
        logger.logLevel = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
        if self.removeZoneNames { return try await self.removeNames(settings, environment, logger) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: ControlPlane(configuration: settings, environment: environment, logger: logger),
                        successTerminationBehavior: .gracefullyShutdownGroup
                    )
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await group.run()
        } catch {
            logger.critical("control plane failed", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private func removeNames(
        _ settings: TulledConfiguration,
        _ environment: [String: String],
        _ logger: Logger
    ) async throws {
        guard !settings.zones.isEmpty else {
            FileHandle.standardError.write(Data("route53.zones: name the zones to take names out of\n".utf8))
            throw ExitCode(64)
        }
        do {
            for line in try await ZoneRemoval.run(settings, environment: environment, logger: logger) { print(line) }
        } catch {
            logger.critical("names cannot be removed", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private func file(_ environment: [String: String]) throws -> (name: String, text: String)? {
        guard let path = self.config ?? environment["TULLED_CONFIG"] else { return nil }
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            // One byte more than is allowed, so that a file that is too large shows.
            let content = try handle.read(upToCount: TulledConfiguration.fileBytes + 1) ?? Data()
            return (path, String(decoding: content, as: UTF8.self))
        } catch {
            let reason = String(cString: strerror(Self.errorNumber(error)))
            FileHandle.standardError.write(Data("the configuration file \(path) cannot be read: \(reason)\n".utf8))
            // EX_NOINPUT, as tulle says it.
            throw ExitCode(66)
        }
    }

    /// The system's own number behind an error of Foundation's; EIO where there is none.
    private static func errorNumber(_ error: any Error) -> Int32 {
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
        return inner.domain == NSPOSIXErrorDomain ? Int32(truncatingIfNeeded: inner.code) : EIO
    }

    private var flags: [String: [String]] {
        let single: [String: String?] = [
            "state-dir": self.stateDir, "listen": self.listen, "admin-listen": self.adminListen,
            "admin-tls-listen": self.adminTlsListen, "admin-writes-from-loopback": self.adminWritesFromLoopback,
            "public-url": self.publicUrl, "trust-domain": self.trustDomain, "mesh-domain": self.meshDomain,
            "virtual-addresses": self.virtualAddresses, "network": self.network, "cluster-id": self.clusterId,
            "audience": self.audience,
            "poll-interval": self.pollInterval, "suspicious-loss": self.suspiciousLoss,
            "workload-ttl": self.workloadTtl,
            "workload-max-ttl": self.workloadMaxTtl, "server-ttl": self.serverTtl, "debounce": self.debounce,
            "debounce-max": self.debounceMax, "max-streams": self.maxStreams, "drain": self.drain,
            "connection-age": self.connectionAge, "authority": self.authority, "authority-dir": self.authorityDir,
            "authority-secret": self.authoritySecret, "private-ca": self.privateCa, "private-ca-ttl": self.privateCaTtl,
            "additional-roots": self.additionalRoots, "config-dir": self.configDir, "log-level": self.logLevel,
            "shared-table": self.sharedTable, "shared-table-region": self.sharedTableRegion,
        ]
        let several = [
            "admin-identity": self.adminIdentity, "trust-domain-alias": self.trustDomainAlias,
            "server-name": self.serverName, "region": self.region, "account": self.account, "cluster": self.cluster,
            "binding": self.binding, "sts-endpoint": self.stsEndpoint, "route53-zone": self.route53Zone,
            "key-network": self.keyNetwork,
        ]
        return single.compactMapValues { $0.map { [$0] } }.merging(several) { first, _ in first }
    }
}

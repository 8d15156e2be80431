package import DataPlane
import Glibc
package import MeshDNS
import MeshModel

/// Everything that a ztunnel starts with, read and checked before anything runs.
package struct StartPlan: Sendable {
    /// Where the process's own certificate comes from.
    package enum IdentityPlan: Sendable {
        /// From an authority that is shown the bootstrap token's attestation.
        case attested(AttestationPlan)
        /// From an authority that is shown a bearer token, as istiod is; or from files.
        case credentials(CredentialSource)
        /// From nowhere: nothing is carried over tunnels.
        case none
    }

    /// A server of the control plane.
    package struct ServerPlan: Sendable {
        /// Where it answers.
        package var url: ControlPlaneURL
        /// By which roots it is known.
        var roots: ServerRoots.Source
        /// A further name that its certificate may have.
        var alternative: String?
        /// Headers of each call.
        var headers: [MetadataEntry]
    }

    /// The settings.
    package var configuration: Configuration
    /// Whom we serve, or, in modes for many, who we are ourselves.
    package var local: LocalWorkload
    /// Where our certificate comes from.
    package var identity: IdentityPlan
    /// Who issues certificates; nil for nobody.
    package var authority: ServerPlan?
    /// Who tells us the state of the mesh; nil for nobody.
    package var discovery: ServerPlan?
    /// What the discovery server is shown.
    var discoveryProof: DiscoveryClient.Proof
    /// The state of the mesh from a file; nil for none.
    package var localState: LocalStateLoad?
    /// The task's DNS servers.
    package var resolver: ResolverConfiguration
    /// How the tasks of the host are found, in mode daemon; nil in others.
    package var daemon: DaemonSettings?

    /// Why a ztunnel can't start; one line each.
    package struct Problems: Error, Sendable {
        package var lines: [String]
    }

    /// Reads everything from the environment and the files that it names.
    package init(environment: [String: String]) throws(Problems) {
        let configuration: Configuration
        do throws(ConfigurationErrors) {
            let mesh = try Self.meshConfiguration()
            configuration = try Configuration(environment: environment, meshConfiguration: mesh)
        } catch {
            throw Problems(lines: error.all.map { "\($0)" })
        }
        self.configuration = configuration
        let token = try configuration.bootstrapToken.map { value throws(Problems) in
            do throws(BootstrapTokenError) {
                return try BootstrapToken(setting: value)
            } catch {
                throw Problems(lines: ["BOOTSTRAP_TOKEN: \(error)"])
            }
        }
        self.local = try Self.local(configuration, token)
        // As upstream: without a setting, the token that Kubernetes mounts.
        let mounted = SmallFile.exists(BearerSource.standardPath) ? BearerSource.file(BearerSource.standardPath) : nil
        let bearer = configuration.bearer ?? (token == nil ? mounted : nil)
        self.discoveryProof = token == nil ? .bearer(bearer) : .certificate(bearer)
        self.discovery = Self.server(
            configuration.discovery,
            configuration.discoveryRoots,
            configuration.discoveryHostname,
            configuration.discoveryHeaders,
            token
        )
        self.authority = Self.server(
            configuration.authority,
            configuration.authorityRoots,
            configuration.authorityHostname,
            configuration.authorityHeaders,
            token
        )
        self.identity = try Self.identity(configuration, token, bearer, environment)
        self.localState = try configuration.localState.map { source throws(Problems) in
            do throws(LocalStateError) {
                return try LocalStateLoad(source)
            } catch {
                throw Problems(lines: ["\(Self.name(of: source)): \(error)"])
            }
        }
        self.daemon = try Self.daemon(configuration, self.identity, environment)
        self.resolver = ResolverConfiguration(parsing: SmallFile.read("/etc/resolv.conf", limit: 65_536) ?? "")
    }

    private static func name(of source: LocalStateSource) -> String {
        switch source {
        case .file(let path): "LOCAL_XDS_PATH=\(path.prefix(255))"
        case .inline: "LOCAL_XDS"
        }
    }

    /// A missing file is fine, one that can't be read is not.
    private static func meshConfiguration() throws(ConfigurationErrors) -> String? {
        guard SmallFile.exists(ProxyConfig.meshPath) else { return nil }
        guard let text = SmallFile.read(ProxyConfig.meshPath, limit: ProxyConfig.byteLimit) else {
            let error = ConfigurationError(
                variable: ProxyConfig.meshPath,
                value: "unreadable",
                allowed: "a readable file of at most \(ProxyConfig.byteLimit) bytes of UTF-8, or none"
            )
            throw ConfigurationErrors(all: [error])
        }
        return text
    }

    private static func server(
        _ address: ServerAddress,
        _ roots: RootSource?,
        _ alternative: String?,
        _ headers: [MetadataEntry],
        _ token: BootstrapToken?
    ) -> ServerPlan? {
        guard let url = address == .token ? token?.controlPlane : address.url else { return nil }
        let source: ServerRoots.Source =
            if let roots {
                .configured(roots)
            } else if let token {
                .known(token.trust)
            } else {
                .configured(.file(RootSource.standardPath))
            }
        return ServerPlan(url: url, roots: source, alternative: alternative, headers: headers)
    }

    private static func identity(
        _ configuration: Configuration,
        _ token: BootstrapToken?,
        _ bearer: BearerSource?,
        _ environment: [String: String]
    ) throws(Problems) -> IdentityPlan {
        if let files = configuration.identityFiles { return .credentials(.files(files)) }
        guard configuration.authority != .none else { return .none }
        guard let token else {
            return .credentials(.bearer(bearer, impersonates: configuration.mode != .dedicated))
        }
        if let secret = token.joinToken {
            let file = configuration.joinedIdentityPath.map { IdentityFile($0) }
            return .credentials(.join(JoinProof(token: secret, file: file)))
        }
        do throws(AttestationError) {
            if configuration.lambda != nil,
                let role = try FunctionRole(audience: token.audience, environment: { environment[$0] })
            {
                return .credentials(.function(role))
            }
            return .attested(try AttestationPlan(audience: token.audience) { environment[$0] })
        } catch {
            throw Problems(lines: ["\(error)"])
        }
    }

    private static func local(
        _ configuration: Configuration,
        _ token: BootstrapToken?
    ) throws(Problems) -> LocalWorkload {
        let workload = configuration.workload
        let identity: SPIFFEID
        if let token {
            identity = token.identity
        } else {
            do throws(SPIFFEIDError) {
                identity = try SPIFFEID(
                    trustDomain: configuration.trustDomain ?? "cluster.local",
                    namespace: workload?.namespace ?? configuration.podNamespace ?? "istio-system",
                    serviceAccount: workload?.serviceAccount ?? configuration.serviceAccount ?? "ztunnel"
                )
            } catch {
                throw Problems(lines: ["TRUST_DOMAIN, PROXY_WORKLOAD_INFO: \(error)"])
            }
        }
        if let token, let workload,
            workload.namespace != token.identity.namespace || workload.serviceAccount != token.identity.serviceAccount
        {
            let lines = [
                "PROXY_WORKLOAD_INFO names another workload than BOOTSTRAP_TOKEN, which is for \(token.identity)"
            ]
            throw Problems(lines: lines)
        }
        var addresses = [configuration.instanceAddress, configuration.listenAddress].compactMap { $0 }
        if addresses.count == 2, addresses[0] == addresses[1] { addresses.removeLast() }
        return LocalWorkload(
            identity: identity,
            network: configuration.network ?? token?.network ?? "",
            cluster: configuration.cluster ?? token?.cluster ?? "Kubernetes",
            meshDomain: configuration.clusterDomain ?? token?.meshDomain ?? "cluster.local",
            name: configuration.workloadName ?? workload?.name ?? "",
            addresses: addresses
        )
    }

    private static func daemon(
        _ configuration: Configuration,
        _ identity: IdentityPlan,
        _ environment: [String: String]
    ) throws(Problems) -> DaemonSettings? {
        guard configuration.mode == .daemon else { return nil }
        guard case .attested = identity else {
            // It says for whom the tasks' attestations are meant.
            throw Problems(lines: ["PROXY_MODE=daemon needs BOOTSTRAP_TOKEN, and no TULLE_CERT_FILE"])
        }
        do throws(DaemonSettings.Problem) {
            var settings = try DaemonSettings(environment: { environment[$0] }, exists: { SmallFile.exists($0) })
            // What nobody listens for must not be captured.
            if !configuration.isDNSEnabled { settings.redirect.capturesDNS = false }
            if !configuration.isIPv6Enabled { settings.redirect.capturesIPv6 = false }
            if configuration.originalSource == .never { settings.redirect.preservesSource = false }
            return settings
        } catch {
            throw Problems(lines: [error.description])
        }
    }
}

/// Asks the sources in the SDKs' order; the first that is configured decides.
struct CredentialChain: Sendable {
    let sources: [any CredentialSource]

    init(configuration: AWSConfiguration, executor: RequestExecutor, transport: any HTTPTransport) {
        let environment = configuration.environment
        let limits = configuration.limits
        let exchange = SecurityTokenExchange(executor: executor, region: configuration.region ?? "us-east-1")
        func profile(rolesOnly: Bool) -> ProfileSource {
            ProfileSource(
                configuration: configuration,
                exchange: exchange,
                transport: transport,
                rolesOnly: rolesOnly
            )
        }
        var sources: [any CredentialSource] = []
        // A profile that the user named on the spot is meant more than keys that lie around.
        if !configuration.isProfileExplicit {
            sources.append(EnvironmentSource(environment: environment))
        }
        sources.append(profile(rolesOnly: true))
        sources.append(WebIdentitySource(environment: environment, exchange: exchange))
        sources.append(profile(rolesOnly: false))
        sources.append(ContainerSource(environment: environment, transport: transport, limits: limits))
        sources.append(InstanceMetadataSource(environment: environment, transport: transport, limits: limits))
        self.sources = sources
    }

    func load() async throws -> AWSCredentials {
        for source in self.sources {
            if let credentials = try await source.load() { return credentials }
        }
        throw AWSError(
            service: "credentials",
            action: "Load",
            code: AWSError.Code.noCredentials,
            message: "no credentials in \(self.sources.map(\.name).joined(separator: ", ")); "
                + "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give the task a task role",
            kind: .credentials
        )
    }
}

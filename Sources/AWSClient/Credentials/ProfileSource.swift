import AWSSignature

/// A profile of the shared files: keys, or a role taken on from another source.
struct ProfileSource: CredentialSource {
    let name = "profile"
    let configuration: AWSConfiguration
    let exchange: SecurityTokenExchange
    let transport: any HTTPTransport
    /// Whether only profiles that name a role count: these come before web identity, plain keys after it.
    let rolesOnly: Bool

    func load() async throws -> AWSCredentials? {
        let name = self.configuration.profileName
        guard let settings = self.configuration.profiles.profiles[name] else {
            if self.configuration.isProfileExplicit || name != "default" {
                throw self.failure("there is no profile \"\(name)\" in the shared configuration or credentials file")
            }
            return nil
        }
        if self.rolesOnly && settings["role_arn"] == nil { return nil }
        return try await self.load(name, visited: [])
    }

    private func load(_ name: String, visited: Set<String>) async throws -> AWSCredentials? {
        guard visited.count < 5, !visited.contains(name) else {
            throw self.failure("source_profile goes in a circle, or over more than 5 profiles, at \"\(name)\"")
        }
        guard let settings = self.configuration.profiles.profiles[name] else {
            throw self.failure("source_profile names \"\(name)\", which does not exist")
        }
        // A profile that names itself as its source means the keys that stand beside the role.
        if let role = settings["role_arn"], visited.isEmpty || settings["aws_access_key_id"] == nil {
            return try await self.assume(role, name: name, settings: settings, visited: visited)
        }
        if let key = settings["aws_access_key_id"] {
            guard let secret = settings["aws_secret_access_key"] else {
                throw self.failure("profile \"\(name)\" has aws_access_key_id without aws_secret_access_key")
            }
            let keys = SignatureCredentials(
                accessKeyID: key,
                secretAccessKey: secret,
                sessionToken: settings["aws_session_token"]
            )
            return AWSCredentials(keys: keys, source: self.name)
        }
        for setting in ["credential_process", "sso_session", "sso_start_url", "login_session"]
        where settings[setting] != nil {
            throw self.failure(
                "profile \"\(name)\" uses \(setting), which Tulle does not run; "
                    + "export keys with: aws configure export-credentials --format env"
            )
        }
        return nil
    }

    private func assume(
        _ role: String,
        name: String,
        settings: [String: String],
        visited: Set<String>
    ) async throws -> AWSCredentials {
        guard settings["mfa_serial"] == nil else {
            throw self.failure("profile \"\(name)\" asks for a second factor, which Tulle cannot ask a person for")
        }
        let session = settings["role_session_name"] ?? SecurityTokenExchange.defaultSessionName
        if let file = settings["web_identity_token_file"] {
            let source = WebIdentitySource(environment: [:], exchange: self.exchange)
            return try await source.load(tokenFile: file, role: role, session: session)
        }
        let base: AWSCredentials?
        if let source = settings["source_profile"] {
            base =
                source == name
                ? try await self.ownKeys(name, settings: settings)
                : try await self.load(source, visited: visited.union([name]))
        } else if let source = settings["credential_source"] {
            base = try await self.named(source).load()
        } else {
            throw self.failure("profile \"\(name)\" has role_arn without source_profile or credential_source")
        }
        guard let base else {
            throw self.failure("profile \"\(name)\" has a role, and its source has no credentials")
        }
        let duration = settings["duration_seconds"].map { Int($0) ?? -1 }
        if let duration, !(900...43_200).contains(duration) {
            throw self.failure("profile \"\(name)\": duration_seconds must be 900–43200")
        }
        return try await self.exchange.assumeRole(
            AssumedRole(arn: role, sessionName: session, externalID: settings["external_id"], duration: duration),
            signedBy: FixedCredentials(base.keys)
        )
    }

    private func ownKeys(_ name: String, settings: [String: String]) async throws -> AWSCredentials? {
        guard let key = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"] else {
            throw self.failure("profile \"\(name)\" is its own source_profile and has no keys")
        }
        let keys = SignatureCredentials(
            accessKeyID: key,
            secretAccessKey: secret,
            sessionToken: settings["aws_session_token"]
        )
        return AWSCredentials(keys: keys, source: self.name)
    }

    private func named(_ source: String) throws -> any CredentialSource {
        let environment = self.configuration.environment
        let limits = self.configuration.limits
        return switch source {
        case "Environment": EnvironmentSource(environment: environment)
        case "EcsContainer": ContainerSource(environment: environment, transport: self.transport, limits: limits)
        case "Ec2InstanceMetadata":
            InstanceMetadataSource(environment: environment, transport: self.transport, limits: limits)
        default:
            throw self.failure(
                "credential_source \"\(source)\" is not one of Environment, EcsContainer, Ec2InstanceMetadata"
            )
        }
    }
}

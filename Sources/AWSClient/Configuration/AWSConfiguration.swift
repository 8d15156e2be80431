import Foundation

/// All that a client needs to know about where and how; built from the environment that the program passes in.
package struct AWSConfiguration: Sendable, CustomReflectable {
    /// The region for calls that name none; `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's.
    package var region: String?
    /// Endpoints that are not AWS's own.
    package var endpoints: EndpointResolver
    /// Roots to trust in place of the system's; `AWS_CA_BUNDLE`, then the profile's `ca_bundle`.
    package var caBundlePath: String?
    /// The profile in force: the explicit one, `AWS_PROFILE`, or `default`.
    package var profileName: String
    /// Whether the profile was given by the caller, which sets credentials of the environment aside.
    package var isProfileExplicit: Bool
    /// The shared files, credentials over configuration.
    package var profiles: ProfileFile
    /// How long and how often calls are tried.
    package var limits: AWSClientLimits
    /// Request budgets; what is missing has the default.
    package var throttleRates: [ThrottleBucket: AdaptiveTokenBucket.Rate]
    /// The environment, for the sources of credentials. May hold secrets.
    var environment: [String: String]

    /// Reads the environment and the shared files that it points to.
    ///
    /// - Parameters:
    ///   - environment: the process's variables, or a test's.
    ///   - profile: a profile that the user named, over `AWS_PROFILE`.
    ///   - region: a region that the user named, over everything else.
    /// - Throws: `AWSError` of kind `credentials` when a shared file is there and cannot be read.
    package init(environment: [String: String], profile: String? = nil, region: String? = nil) throws {
        func variable(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let home = variable("HOME") ?? NSHomeDirectory()
        func expand(_ path: String) -> String {
            path.hasPrefix("~/") ? home + path.dropFirst(1) : path
        }
        var profiles = try Self.read(
            expand(variable("AWS_CONFIG_FILE") ?? "~/.aws/config"),
            kind: .configuration
        )
        profiles.merge(
            try Self.read(
                expand(variable("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials"),
                kind: .credentials
            )
        )
        let profileName = profile ?? variable("AWS_PROFILE") ?? variable("AWS_DEFAULT_PROFILE") ?? "default"
        let settings = profiles.profiles[profileName] ?? [:]

        var endpoints = EndpointResolver()
        func isTrue(_ text: String?) -> Bool { text?.lowercased() == "true" }
        if !isTrue(variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
            endpoints.url = variable("AWS_ENDPOINT_URL") ?? settings["endpoint_url"]
            let prefix = "AWS_ENDPOINT_URL_"
            for (name, value) in environment where name.hasPrefix(prefix) && !value.isEmpty {
                endpoints.urls[String(name.dropFirst(prefix.count))] = value
            }
            // The SDKs write the service's id with its space; without it is what people type.
            if endpoints.urls["ROUTE_53"] == nil { endpoints.urls["ROUTE_53"] = endpoints.urls["ROUTE53"] }
        }
        endpoints.usesFIPS = isTrue(variable("AWS_USE_FIPS_ENDPOINT") ?? settings["use_fips_endpoint"])
        endpoints.usesDualStack = isTrue(variable("AWS_USE_DUALSTACK_ENDPOINT") ?? settings["use_dualstack_endpoint"])

        self.region = region ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? settings["region"]
        self.endpoints = endpoints
        self.caBundlePath = (variable("AWS_CA_BUNDLE") ?? settings["ca_bundle"]).map(expand)
        self.profileName = profileName
        self.isProfileExplicit = profile != nil
        self.profiles = profiles
        self.limits = AWSClientLimits()
        self.throttleRates = ThrottleBucket.defaultRates
        self.environment = environment
    }

    /// The settings of the profile in force.
    var profileSettings: [String: String] { self.profiles.profiles[self.profileName] ?? [:] }

    package var customMirror: Mirror {
        Mirror(self, children: ["region": self.region as Any, "profileName": self.profileName])
    }

    private static func read(_ path: String, kind: ProfileFile.Kind) throws -> ProfileFile {
        guard FileManager.default.fileExists(atPath: path) else { return ProfileFile() }
        do {
            return try ProfileFile(parsing: try BoundedFile.text(path, limit: ProfileFile.maximumBytes), kind: kind)
        } catch {
            throw AWSError(
                service: "credentials",
                action: "ReadProfile",
                code: AWSError.Code.credentialSourceFailed,
                message: "\(path): \(error)",
                kind: .credentials
            )
        }
    }
}

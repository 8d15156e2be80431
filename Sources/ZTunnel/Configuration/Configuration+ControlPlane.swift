import DataPlane

/// The part of the settings that says who tells us what, and how we prove who we are.
extension Configuration {
    /// Node metadata, a certificate in files, local state.
    mutating func readIdentity(_ environment: inout Environment) {
        for (_, rest, value) in environment.beginning(with: "ISTIO_META_") { self.proxyMetadata[rest] = value }
        for (name, rest, value) in environment.beginning(with: "ISTIO_METAJSON_") {
            if let json = try? JSONReader.parse(Array(value.utf8)) {
                self.structuredMetadata[rest] = json
            } else {
                environment.reject(name, allowed: "JSON")
            }
        }
        func path(_ name: String) -> String? {
            environment.value(name, allowed: ConfigurationText.allowedPath, ConfigurationText.path)
        }
        let names = ["TULLE_CERT_FILE", "TULLE_KEY_FILE", "TULLE_ROOT_FILE"]
        let paths = names.map { path($0) }
        if let certificates = paths[0], let key = paths[1], let roots = paths[2] {
            self.identityFiles = IdentityFiles(certificates: certificates, key: key, roots: roots)
        } else if paths.contains(where: { $0 != nil }) {
            for (name, path) in zip(names, paths) where path == nil && environment.text(name) == nil {
                environment.reject(name, allowed: "a path, as \(names.joined(separator: ", ")) belong together")
            }
        }
        if environment.raw("TULLE_IDENTITY_FILE") != nil { self.joinedIdentityPath = path("TULLE_IDENTITY_FILE") }
        let file = path("LOCAL_XDS_PATH")
        let inline = environment.text("LOCAL_XDS")
        if file != nil, inline != nil {
            environment.reject("LOCAL_XDS_PATH", allowed: "only one of LOCAL_XDS_PATH and LOCAL_XDS")
        }
        self.localState = file.map { .file($0) } ?? inline.map { .inline($0) }
        self.isOnDemand = environment.flag("XDS_ON_DEMAND", default: false)
    }

    /// The servers of the control plane, and what they are shown.
    mutating func readServers(_ proxy: ProxyConfig, _ environment: inout Environment) {
        // Kubernetes sets this in every container.
        let isKubernetes = environment.text("KUBERNETES_SERVICE_HOST") != nil
        let istiod = isKubernetes ? ControlPlaneURL(parsing: "https://istiod.istio-system.svc:15012") : nil
        let standard: ServerAddress =
            self.bootstrapToken != nil ? .token : istiod.map { .url($0) } ?? .none
        self.discovery =
            Self.server("XDS_ADDRESS", &environment) ?? proxy.discoveryAddress.map { .url($0) } ?? standard
        var authority = standard
        // Off Kubernetes there is no well-known address, and istiod is both servers.
        if authority == .none { authority = self.discovery }
        self.authority = Self.server("CA_ADDRESS", &environment) ?? authority
        if self.identityFiles != nil { self.authority = .none }
        self.discoveryRoots = Self.roots("XDS_ROOT_CA", &environment)
        self.authorityRoots = Self.roots("CA_ROOT_CA", &environment)
        func host(_ name: String) -> String? {
            environment.value(name, allowed: ConfigurationText.allowedHost, ConfigurationText.host)
        }
        self.discoveryHostname = host("ALT_XDS_HOSTNAME")
        self.authorityHostname = host("ALT_CA_HOSTNAME")
        self.bearer = Self.bearer(&environment)
        self.discoveryHeaders = Self.headers("XDS_HEADER_", &environment)
        self.authorityHeaders = Self.headers("CA_HEADER_", &environment)
    }

    /// Nil when the variable is missing; empty turns the server off.
    private static func server(_ name: String, _ environment: inout Environment) -> ServerAddress? {
        guard let text = environment.raw(name) else { return nil }
        guard !text.isEmpty else { return ServerAddress.none }
        let url = environment.value(
            name,
            allowed: "https://host:port, or empty for none",
            ControlPlaneURL.init(parsing:)
        )
        return url.map { .url($0) }
    }

    private static func roots(_ name: String, _ environment: inout Environment) -> RootSource? {
        guard let text = environment.text(name) else { return nil }
        if text == "SYSTEM" { return .system }
        // PEM text has line breaks, and paths don't.
        if text.utf8.contains(UInt8(ascii: "\n")) || text.hasPrefix("-----BEGIN") { return .inline(text) }
        return environment.value(
            name,
            allowed: "SYSTEM, PEM text, or \(ConfigurationText.allowedPath)"
        ) { ConfigurationText.path($0).map { .file($0) } }
    }

    private static func bearer(_ environment: inout Environment) -> BearerSource? {
        guard let text = environment.text("AUTH_TOKEN") else { return nil }
        if SmallFile.exists(text) { return .file(text) }
        // A path that is not there yet: a token of this form would not be one.
        if text.hasPrefix("/") || text.hasPrefix("./") { return .file(text) }
        guard ConfigurationText.isMetadataValue(text) else {
            environment.reject(
                "AUTH_TOKEN",
                allowed: "the path of a file, or a token of visible ASCII characters",
                isSecret: true
            )
            return nil
        }
        return .literal(Secret(text))
    }

    private static func headers(_ prefix: String, _ environment: inout Environment) -> [MetadataEntry] {
        var headers: [MetadataEntry] = []
        for (name, rest, value) in environment.beginning(with: prefix) {
            guard let header = ConfigurationText.metadataName(rest), ConfigurationText.isMetadataValue(value) else {
                environment.reject(
                    name,
                    allowed: "\(prefix)<name>, where the name is of letters, digits, '-', '_' and '.' and not one that "
                        + "ztunnel sets itself, and the value is of visible ASCII characters",
                    isSecret: true
                )
                continue
            }
            headers.append(MetadataEntry(name: header, value: Secret(value)))
        }
        return headers
    }
}

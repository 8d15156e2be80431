import Foundation

/// Where a service is reached.
package struct AWSEndpoint: Sendable, Hashable {
    /// `https` or `http`.
    package var scheme: String
    /// The host, IPv6 in brackets, with the port when it is not the scheme's own: the `Host` header.
    package var authority: String
    /// What stands before each request's path; empty or starting with `/` and not ending with it.
    package var basePath: String
    /// The region to sign for.
    package var signingRegion: String

    /// The URL of a path with an encoded query.
    package func url(path: String, query: String) -> String {
        "\(self.scheme)://\(self.authority)\(path)" + (query.isEmpty ? "" : "?\(query)")
    }
}

/// Finds endpoints: what is configured, else what AWS's naming gives.
package struct EndpointResolver: Sendable, Hashable {
    /// For all services; `AWS_ENDPOINT_URL`.
    package var url: String?
    /// By the service's name in the environment; `AWS_ENDPOINT_URL_<name>`.
    package var urls: [String: String] = [:]
    /// Whether to use the FIPS 140 endpoints.
    package var usesFIPS = false
    /// Whether to use the endpoints that speak IPv6 too.
    package var usesDualStack = false

    /// AWS's own endpoints.
    package init() {}

    /// The endpoint of a service in a region.
    ///
    /// - Throws: `AWSError` when the region or the configured URL cannot be one.
    package func endpoint(_ service: AWSService, region: String, action: String) throws -> AWSEndpoint {
        func refuse(_ message: String) -> AWSError {
            AWSError(
                service: service.name,
                action: action,
                code: AWSError.Code.invalidEndpoint,
                message: message,
                kind: .invalid
            )
        }
        guard AWSPartition.isPlausible(region: region) else {
            throw refuse("region \"\(region.prefix(40))\" is not one; give a name such as us-east-1")
        }
        let partition = AWSPartition(region: region)
        let signingRegion = service.isGlobal ? partition.globalRegion : region
        if let configured = self.urls[service.environmentName] ?? self.url {
            guard var endpoint = Self.parse(configured) else {
                throw refuse("endpoint \"\(configured.prefix(200))\" is not an http or https URL without query")
            }
            endpoint.signingRegion = signingRegion
            return endpoint
        }
        let name = self.usesFIPS ? "\(service.name)-fips" : service.name
        let host: String
        if service.isGlobal {
            host = "\(name).\(partition.suffix)"
        } else if self.usesDualStack, let dualStack = partition.dualStackSuffix {
            host = "\(name).\(region).\(dualStack)"
        } else {
            host = "\(name).\(region).\(partition.suffix)"
        }
        return AWSEndpoint(scheme: "https", authority: host, basePath: "", signingRegion: signingRegion)
    }

    /// Reads a configured URL; `nil` when it has a user, a query, a fragment, or another scheme than http and https.
    static func parse(_ text: String) -> AWSEndpoint? {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "https" || scheme == "http", let host = parts.percentEncodedHost, !host.isEmpty,
            parts.user == nil, parts.query == nil, parts.fragment == nil
        else { return nil }
        var authority = host.lowercased()
        if let port = parts.port, port != (scheme == "https" ? 443 : 80) {
            guard (1...65_535).contains(port) else { return nil }
            authority += ":\(port)"
        }
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        return AWSEndpoint(scheme: scheme, authority: authority, basePath: path, signingRegion: "")
    }
}

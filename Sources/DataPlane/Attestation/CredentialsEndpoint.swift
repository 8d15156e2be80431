package import MeshModel

/// Where to fetch the task role's credentials, and with which authorization; decided, not called, here.
///
/// The rules are those of the AWS SDKs: the relative URI comes first and means 169.254.170.2; a full URI may only lead
/// to this machine or to the known link-local endpoints, since whoever answers there hands out credentials. We call it
/// in clear only, so a full URI with https is refused.
package struct CredentialsEndpoint: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// What goes into the `Authorization` header.
    package enum Authorization: Sendable, Hashable {
        /// No header.
        case none
        /// This value: a secret.
        case value(String)
        /// The content of this file, to be read anew for each request; see ``CredentialsEndpoint/checked(_:)``.
        case file(path: String)
    }

    /// Where to connect.
    package let address: SocketAddress
    /// The value of the `Host` header.
    package let host: String
    /// The request's target: path and query.
    package let target: String
    /// What to authorize with.
    package let authorization: Authorization

    /// The bound on an authorization token, in bytes.
    package static let authorizationBytes = 16 * 1024

    private static let allowedHosts: Set<String> = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

    /// Decides from the container's environment.
    ///
    /// - Parameter environment: gives a variable's value; an empty one counts as absent.
    /// - Throws: ``AttestationError`` naming the variable that is wrong.
    package init(environment: (String) -> String?) throws(AttestationError) {
        func read(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        if let relative = read("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            let variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            guard relative.hasPrefix("/"), Self.isTarget(relative) else {
                throw .endpointNotAllowed(variable: variable, reason: "must be a path of visible ASCII characters")
            }
            address = SocketAddress(ip: IPAddress(v4: 0xA9FE_AA02), port: 80)
            host = "169.254.170.2"
            target = relative
        } else if let full = read("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            (address, host, target) = try Self.parse(full)
        } else {
            throw .noCredentialsEndpoint
        }
        if let path = read("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            authorization = .file(path: path)
        } else if let value = read("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            authorization = .value(try Self.checked(value))
        } else {
            authorization = .none
        }
    }

    /// A token from the environment or a file, safe to be put in a header; line ends behind it are dropped.
    ///
    /// - Throws: ``AttestationError/malformedAuthorization``.
    package static func checked(_ text: String) throws(AttestationError) -> String {
        var bytes = Array(text.utf8.prefix(authorizationBytes + 2))
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        guard (1...authorizationBytes).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .malformedAuthorization
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package var description: String { "http://\(host)\(target)" }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }

    private static func isTarget(_ text: String) -> Bool {
        text.utf8.count <= 2048 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }
    }

    private static func parse(_ url: String) throws(AttestationError) -> (SocketAddress, String, String) {
        let variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        func refuse(_ reason: String) -> AttestationError { .endpointNotAllowed(variable: variable, reason: reason) }
        guard isTarget(url) else { throw refuse("must be a URL of at most 2048 visible ASCII characters") }
        guard let scheme = ["http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            throw refuse("must begin with http://; https endpoints are not supported")
        }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let remainder = rest[authority.endIndex...]
        let target = remainder.hasPrefix("/") ? String(remainder) : "/\(remainder)"
        guard let (name, port) = split(authority) else { throw refuse("host and port are malformed") }
        // What a resolver says of this name must not matter.
        let literal = name.lowercased() == "localhost" ? "127.0.0.1" : name
        guard let address = IPAddress(parsing: literal) else {
            throw refuse("host must be an IP address or localhost, so that no resolver decides who gives credentials")
        }
        let isKnown = allowedHosts.contains { IPAddress(parsing: $0) == address }
        guard address.isLoopback || isKnown else {
            throw refuse("host must be loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]")
        }
        return (SocketAddress(ip: address, port: port), String(authority), target)
    }

    /// Host and port of an authority; brackets are taken off an IPv6 address, and a user part is malformed.
    private static func split(_ authority: Substring) -> (host: String, port: UInt16)? {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<close]
            return port(authority[authority.index(after: close)...]).map { (String(host), $0) }
        }
        let host = authority.prefix { $0 != ":" }
        return port(authority[host.endIndex...]).map { (String(host), $0) }
    }

    /// The port of `:80`; 80 of nothing.
    private static func port(_ text: Substring) -> UInt16? {
        if text.isEmpty { return 80 }
        guard text.first == ":", text.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt16(text.dropFirst()).flatMap { $0 > 0 ? $0 : nil }
    }
}

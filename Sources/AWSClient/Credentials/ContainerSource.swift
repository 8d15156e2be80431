import AWSSignature
import Foundation

/// The credentials endpoint of ECS, EKS Pod Identity and whoever imitates them.
struct ContainerSource: CredentialSource {
    let name = "container"
    let environment: [String: String]
    let transport: any HTTPTransport
    let limits: AWSClientLimits

    func load() async throws -> AWSCredentials? {
        guard let url = try self.url() else { return nil }
        var headers = [(name: "Accept", value: "application/json")]
        if let token = try self.authorization() { headers.append((name: "Authorization", value: token)) }
        let request = TransportRequest(method: "GET", url: url, headers: headers)
        var last: AWSError?
        for attempt in 1...3 {
            if attempt > 1 { try await Task.sleep(for: .milliseconds(200) * attempt * Double.random(in: 0.5...1)) }
            do {
                let response = try await self.transport.send(
                    request,
                    deadline: self.limits.metadataDeadline * 2,
                    bodyLimit: 64 * 1024
                )
                if response.status == 200 { return try self.credentials(in: response.body) }
                last = self.failure(Self.message(of: response))
                if response.status < 500 { break }
            } catch let error as TransportError {
                last = self.failure("\(Self.place(url)) does not answer: \(error)")
            }
        }
        throw last ?? self.failure("\(Self.place(url)) does not answer")
    }

    /// Scheme and host of a URL. On ECS the path is all it takes to get the credentials, so errors must not show it.
    private static func place(_ url: String) -> String {
        guard let parts = URLComponents(string: url) else { return "the credentials endpoint" }
        let port = parts.port.map { ":\($0)" } ?? ""
        return "\(parts.scheme ?? "http")://\(parts.host ?? "")\(port)"
    }

    private func variable(_ name: String) -> String? {
        self.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The address to ask; `nil` when none is configured.
    func url() throws -> String? {
        if let relative = self.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard relative.hasPrefix("/"), relative.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                throw self.failure("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path that starts with /")
            }
            return "http://169.254.170.2\(relative)"
        }
        guard let full = self.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let parts = URLComponents(string: full), let host = parts.host, !host.isEmpty,
            parts.scheme == "https" || (parts.scheme == "http" && Self.isTrustedOverPlainHTTP(host))
        else {
            throw self.failure(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to loopback, 169.254.170.2, 169.254.170.23 "
                    + "or fd00:ec2::23"
            )
        }
        return full
    }

    /// Plain HTTP shows the credentials to the network, so only addresses that never leave the host may be asked.
    static func isTrustedOverPlainHTTP(_ host: String) -> Bool {
        var host = host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if ["localhost", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host) { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets.first == "127"
            && octets.allSatisfy { octet in octet.utf8.count <= 3 && UInt8(octet) != nil }
    }

    private func authorization() throws -> String? {
        var token = self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let path = self.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            do {
                token = try BoundedFile.text(path, limit: 64 * 1024)
            } catch {
                throw self.failure("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: \(path) \(error)")
            }
        }
        guard let token else { return nil }
        guard !token.utf8.contains(where: { $0 == 0x0a || $0 == 0x0d }) else {
            throw self.failure("the authorization token contains a line break")
        }
        return token
    }

    private func credentials(in body: [UInt8]) throws -> AWSCredentials {
        guard let value = try? JSONValue(parsing: body) else { throw self.failure("the answer is not JSON") }
        return try MetadataCredentials.read(value, source: self.name)
    }

    private static func message(of response: TransportResponse) -> String {
        let value = try? JSONValue(parsing: response.body)
        let detail = [value?["code"]?.string, value?["message"]?.string].compactMap(\.self).joined(separator: ": ")
        return detail.isEmpty
            ? "the credentials endpoint answered HTTP \(response.status)"
            : "the credentials endpoint answered HTTP \(response.status): \(detail)"
    }
}

/// The JSON that the container endpoint and the instance metadata service share.
enum MetadataCredentials {
    static func read(_ value: JSONValue, source: String) throws -> AWSCredentials {
        guard let key = value["AccessKeyId"]?.string, !key.isEmpty,
            let secret = value["SecretAccessKey"]?.string, !secret.isEmpty
        else {
            throw AWSError(
                service: "credentials",
                action: source,
                code: AWSError.Code.credentialSourceFailed,
                message: "the answer lacks AccessKeyId or SecretAccessKey",
                kind: .credentials
            )
        }
        let expiration = value["Expiration"]
        let seconds = Timestamp.epochSeconds(expiration)
        if seconds == nil, let expiration, !expiration.isNull {
            throw AWSError(
                service: "credentials",
                action: source,
                code: AWSError.Code.credentialSourceFailed,
                message: "Expiration is not an ISO 8601 time",
                kind: .credentials
            )
        }
        let keys = SignatureCredentials(
            accessKeyID: key,
            secretAccessKey: secret,
            sessionToken: value["Token"]?.string
        )
        return AWSCredentials(keys: keys, expiration: seconds, source: source)
    }
}

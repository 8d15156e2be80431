import Foundation

/// The instance metadata service of EC2, version 2 only.
struct InstanceMetadataSource: CredentialSource {
    let name = "instance-metadata"
    let environment: [String: String]
    let transport: any HTTPTransport
    let limits: AWSClientLimits

    /// What is not there, or says no role, counts as not configured: it is the last source, and every host lacks it
    /// that is not an instance.
    func load() async throws -> AWSCredentials? {
        guard self.environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        let configured = self.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 }
        guard let endpoint = EndpointResolver.parse(configured ?? "http://169.254.169.254") else {
            throw self.failure("AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http URL")
        }
        let path = endpoint.basePath + "/latest/meta-data/iam/security-credentials/"
        guard
            let token = try await self.text(
                "PUT",
                endpoint.url(path: endpoint.basePath + "/latest/api/token", query: ""),
                ("X-aws-ec2-metadata-token-ttl-seconds", "21600")
            ),
            let role = try await self.text(
                "GET",
                endpoint.url(path: path, query: ""),
                ("X-aws-ec2-metadata-token", token)
            ),
            let name = role.split(whereSeparator: \.isNewline).first, Self.isPlain(name)
        else { return nil }
        guard
            let text = try await self.text(
                "GET",
                endpoint.url(path: path + name, query: ""),
                ("X-aws-ec2-metadata-token", token)
            ),
            let value = try? JSONValue(parsing: text)
        else { throw self.failure("the instance's role has no credentials to give") }
        if let code = value["Code"]?.string, code != "Success" {
            throw self.failure("the instance's role has no credentials to give: \(code)")
        }
        return try MetadataCredentials.read(value, source: self.name)
    }

    private func text(_ method: String, _ url: String, _ header: (name: String, value: String)) async throws -> String?
    {
        let request = TransportRequest(method: method, url: url, headers: [header])
        do {
            let response = try await self.transport.send(
                request,
                deadline: self.limits.metadataDeadline,
                bodyLimit: 64 * 1024
            )
            guard response.status == 200 else { return nil }
            return String(validating: response.body, as: UTF8.self)
        } catch is TransportError {
            return nil
        }
    }

    private static func isPlain(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/?#%".utf8.contains($0) }
    }
}

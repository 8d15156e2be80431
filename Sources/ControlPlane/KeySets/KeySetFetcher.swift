import AsyncHTTPClient
import Foundation
import MeshCompile
import MeshModel
import NIOCore
import NIOHTTP1
import NIOPosix

/// Fetches one key set: resolves the name, looks at every address before it goes there, and follows few redirects, each
/// of which is looked at as well.
struct KeySetFetcher: Sendable {
    /// Why nothing was fetched.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// How many redirects are followed.
    private static let redirects = 3

    let networks: KeyNetworks
    /// How long one request takes at most.
    var timeout = TimeAmount.seconds(5)

    /// The keys of a source, as JSON.
    ///
    /// - Throws: `Failure` or `KeySetDocument.Unusable`, whose texts hold nothing of the answer's body.
    func keys(of source: KeySource) async throws -> String {
        switch source {
        case .url(let url): return try KeySetDocument.keySet(try await self.get(url))
        case .issuer(let issuer):
            let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
            let document = try await self.get("\(base)/.well-known/openid-configuration")
            let url = try KeySetDocument.keysURL(document, issuer: issuer)
            return try KeySetDocument.keySet(try await self.get(url))
        }
    }

    private func get(_ text: String) async throws -> [UInt8] {
        var url = try Self.checked(text)
        for _ in 0...Self.redirects {
            switch try await self.request(url) {
            case .body(let bytes): return bytes
            case .redirect(let location):
                guard let next = URL(string: location, relativeTo: url)?.absoluteURL else {
                    throw Failure(description: "\(Self.name(url)) redirects to what is no URL")
                }
                guard url.scheme != "https" || next.scheme == "https" else {
                    throw Failure(description: "\(Self.name(url)) redirects from https to http")
                }
                url = try Self.checked(next.absoluteString)
            }
        }
        throw Failure(description: "\(Self.name(url)) redirects too often")
    }

    private static func checked(_ text: String) throws(Failure) -> URL {
        guard text.utf8.count <= 2048, let url = URL(string: text), ["http", "https"].contains(url.scheme),
            url.host(percentEncoded: false)?.isEmpty == false, url.user == nil
        else { throw Failure(description: "the URL is none of http or https with a host") }
        return url
    }

    /// Host and port, for messages.
    private static func name(_ url: URL) -> String { url.host(percentEncoded: false) ?? "?" }

    // MARK: One request

    private enum Answer {
        case body([UInt8])
        case redirect(String)
    }

    private func request(_ url: URL) async throws -> Answer {
        let host = url.host(percentEncoded: false) ?? ""
        let address = try await self.address(of: host, port: url.port ?? (url.scheme == "https" ? 443 : 80))
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: self.timeout, read: self.timeout)
        // What was looked at is where it goes: the name is not resolved again.
        configuration.dnsOverride = [host: address]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let answer = try await self.request(url, client)
            try await client.shutdown()
            return answer
        } catch {
            try? await client.shutdown()
            throw (error as? Failure) ?? Failure(description: "\(Self.name(url)) does not answer: \(type(of: error))")
        }
    }

    private func request(_ url: URL, _ client: HTTPClient) async throws -> Answer {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: "tulled")
        let response = try await client.execute(request, timeout: self.timeout)
        if [301, 302, 303, 307, 308].contains(response.status.code) {
            return .redirect(response.headers.first(name: "location") ?? "")
        }
        guard response.status == .ok else {
            throw Failure(description: "\(Self.name(url)) answers \(response.status.code)")
        }
        var bytes: [UInt8] = []
        for try await part in response.body {
            guard bytes.count + part.readableBytes <= KeySetDocument.bytes else {
                throw Failure(description: "\(Self.name(url)) answers with more than \(KeySetDocument.bytes) bytes")
            }
            bytes += part.readableBytesView
        }
        return .body(bytes)
    }

    /// The first address of a name, provided that all of them may be used.
    private func address(of host: String, port: Int) async throws -> String {
        let resolved = try await NIOThreadPool.singleton.runIfActive {
            try Resolution.addresses(of: host, port: port)
        }
        guard let first = resolved.first else { throw Failure(description: "\(host) has no address") }
        for address in resolved where !self.networks.allows(address) {
            throw Failure(
                description:
                    "\(host) is at \(address), which is no public address; the setting keys.networks opens some"
            )
        }
        return "\(first)"
    }
}

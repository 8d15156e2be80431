package import AWSClient
import Foundation

/// Talks to tulled's admin API: HTTP and JSON, every answer bounded in size and time, what is unknown in it ignored.
package struct AdminClient: Sendable {
    /// The API's address, without a slash at the end.
    package let address: String
    private let transport: any HTTPTransport

    /// Most bytes of an answer: a mesh of 50,000 workloads has about 30 MiB.
    package static let mostBytes = 64 * 1024 * 1024
    /// How long an answer may take, from connecting to its last byte.
    package static let deadline: Duration = .seconds(30)

    /// A client of the API at this address.
    package init(_ address: String, over transport: any HTTPTransport) {
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.transport = transport
    }

    /// One request; gives the answer's JSON.
    ///
    /// - Parameters:
    ///   - method: `GET`, `POST` or `DELETE`.
    ///   - path: an absolute path; its parts are encoded already.
    ///   - query: what follows the question mark; parameters without a value are left out.
    ///   - body: what to send, with its content type.
    /// - Throws: `CommandFailure`, with status 69 when nobody answers.
    package func call(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String?)] = [],
        body: Body? = nil
    ) async throws -> JSONValue {
        let answer = try await self.bytes(method, path, query: query, body: body)
        if answer.isEmpty { return [:] }
        do {
            return try JSONValue(parsing: answer, limits: Self.limits)
        } catch {
            throw CommandFailure(
                "the answer of \(self.address)\(path) cannot be read: \(error)",
                hint: "is --control-plane really tulled's admin port, and of this version?"
            )
        }
    }

    /// What a request carries.
    package struct Body: Sendable {
        /// The bytes.
        package var bytes: [UInt8]
        /// Their type.
        package var contentType: String

        /// A YAML stream.
        package static func yaml(_ text: String) -> Body {
            Body(bytes: Array(text.utf8), contentType: "application/yaml")
        }

        /// A JSON document.
        package static func json(_ value: JSONValue) -> Body {
            Body(bytes: Array(value.text().utf8), contentType: "application/json")
        }
    }

    /// A text as one part of a path or a value of a query.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? ""
    }

    /// RFC 3986, section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    )

    private static var limits: JSONLimits {
        var limits = JSONLimits()
        limits.bytes = Self.mostBytes
        return limits
    }

    /// One request; gives the answer's bytes.
    func bytes(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String?)] = [],
        body: Body? = nil,
        bodyLimit: Int = AdminClient.mostBytes
    ) async throws -> [UInt8] {
        let parameters = query.compactMap { name, value in
            value.map { "\(name)=\(Self.encoded($0))" }
        }
        let url = self.address + path + (parameters.isEmpty ? "" : "?\(parameters.joined(separator: "&"))")
        var request = TransportRequest(method: method, url: url, headers: [(name: "accept", value: "application/json")])
        if let body {
            request.body = body.bytes
            request.headers.append((name: "content-type", value: body.contentType))
        }
        let response: TransportResponse
        do {
            response = try await self.transport.send(request, deadline: Self.deadline, bodyLimit: bodyLimit)
        } catch let error as CancellationError {
            throw error
        } catch TransportError.failed(let reason) where reason.contains("CERTIFICATE_REQUIRED") {
            throw CommandFailure(
                "\(self.address) wants a client certificate",
                hint: "pass --cert and --key: a certificate of this mesh, and its private key"
            )
        } catch {
            throw CommandFailure(
                "no answer from \(self.address)\(path): \(TransportWords.plain(error, bodyLimit: bodyLimit))",
                hint: Self.hint(unreachable: self.address),
                status: .unavailable
            )
        }
        guard (200..<300).contains(response.status) else { throw self.refusal(response, path: path) }
        return response.body
    }

    /// What an answer that is no success says.
    private func refusal(_ response: TransportResponse, path: String) -> CommandFailure {
        let error = (try? JSONValue(parsing: response.body))?["error"]
        guard let message = error?["message"]?.string else {
            return CommandFailure(
                "\(self.address)\(path) answered HTTP \(response.status)",
                hint: "pass the address of tulled's admin port with --control-plane"
            )
        }
        let code = error?["code"]?.string.map { PlainLine.text($0, limit: 64) }
        let prefix = code.map { "\($0): " } ?? ""
        return CommandFailure(
            "the control plane refused: \(prefix)\(PlainLine.text(message))",
            hint: code.flatMap(RefusalHints.hint),
            status: code == "unavailable" ? .unavailable : .failure,
            code: code
        )
    }

    /// What to do when nobody answers.
    private static func hint(unreachable address: String) -> String {
        guard ControlPlaneOptions.isPlainAndRemote(address) else {
            return "is tulled running there? its admin port is 15014, on loopback unless configured; "
                + "pass --control-plane, or set TULLE_ADMIN_URL"
        }
        return "http:// is for tulled's own host; from elsewhere its admin port is https:// (setting adminTLSListen), "
            + "with --cert and --key"
    }
}

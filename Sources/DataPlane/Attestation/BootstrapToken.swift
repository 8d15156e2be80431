package import BoringTLS
package import MeshModel

/// What `tulle bootstrap` prints and `BOOTSTRAP_TOKEN` carries: where the mesh is and who we ask to be. No secret, but for
/// the join token of a machine.
///
/// On the outside it is base64url without padding of a JSON object with exactly the fields below.
package struct BootstrapToken: Sendable {
    /// Platforms whose attestation we can make.
    package enum Platform: String, Sendable, CaseIterable {
        /// An ECS task: by its role.
        case ecs
        /// A machine of its own: by a join token, once.
        case vm
    }

    /// For whom the attestation is meant, such as `cluster.local/tulled`.
    package var audience: String
    /// The cluster the workload runs in.
    package var cluster: String
    /// The domain of service names, such as `mesh.internal`.
    package var meshDomain: String
    /// The network the workload is in; often empty.
    package var network: String
    /// Where the workload runs.
    package var platform: Platform
    /// The proof that works once; nil where the platform has another one.
    package var joinToken: Secret?
    /// The identity to ask for, from `trustDomain`, `namespace` and `serviceAccount`.
    package var identity: SPIFFEID
    /// The roots by which the control plane is known until the first certificate comes.
    package var trust: TrustAnchors
    /// Where the control plane answers.
    package var controlPlane: ControlPlaneURL

    /// The longest token that is read, in bytes.
    package static let byteLimit = 128 * 1024
    /// The only version there is.
    package static let version: Int64 = 1

    private static let fields: Set<String> = [
        "audience", "cluster", "joinToken", "meshDomain", "namespace", "network", "platform", "serviceAccount",
        "trustBundle",
        "trustDomain", "url", "version",
    ]

    /// Whether the value of `BOOTSTRAP_TOKEN` is the path of a file rather than a token: no token begins so.
    package static func isPath(_ text: String) -> Bool { text.hasPrefix("/") || text.hasPrefix("./") }

    /// Reads the value of `BOOTSTRAP_TOKEN`: a token, or the path of a file with one.
    ///
    /// - Throws: ``BootstrapTokenError`` naming the field and what is allowed there, or the file.
    package init(setting value: String) throws(BootstrapTokenError) {
        guard Self.isPath(value) else {
            try self.init(value)
            return
        }
        guard let content = SmallFile.read(value, limit: Self.byteLimit) else { throw .unreadable(path: value) }
        try self.init(content)
    }

    /// Reads a token; white space around it doesn't matter.
    ///
    /// - Throws: ``BootstrapTokenError`` naming the field and what is allowed there.
    package init(_ text: String) throws(BootstrapTokenError) {
        guard text.utf8.count <= Self.byteLimit else { throw .tooLarge(bytes: text.utf8.count) }
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let trimmed = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !trimmed.isEmpty else { throw .empty }
        guard let json = Base64.decode(trimmed, .url) else { throw .notBase64URL }
        let document: JSONValue
        do {
            document = try JSONReader.parse(json)
        } catch {
            throw .notJSON(error)
        }
        guard let object = document.object else { throw .wrongType(field: "token", expected: "an object") }
        try self.init(object)
    }

    private init(_ object: JSONObject) throws(BootstrapTokenError) {
        // First, as another version may well have other fields.
        guard let version = object["version"] else { throw .missing(field: "version") }
        guard version.integer == Self.version else {
            throw .invalid(field: "version", reason: "only \(Self.version) is supported; is this program too old?")
        }
        for member in object.members where !Self.fields.contains(member.name) {
            throw .unknown(field: String(decoding: member.name.utf8.prefix(64), as: UTF8.self))
        }
        audience = try Self.text(object, "audience")
        cluster = try Self.text(object, "cluster")
        meshDomain = try Self.text(object, "meshDomain")
        network = try Self.text(object, "network", mayBeEmpty: true)
        guard let platform = Platform(rawValue: try Self.text(object, "platform")) else {
            let allowed = Platform.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(field: "platform", reason: "allowed is: \(allowed)")
        }
        self.platform = platform
        joinToken = try Self.joinToken(object, platform)
        identity = try Self.identity(object)
        guard let bundle = object["trustBundle"] else { throw .missing(field: "trustBundle") }
        guard let pem = bundle.string else { throw .wrongType(field: "trustBundle", expected: "a string of PEM") }
        do {
            trust = try TrustAnchors(pem: pem)
        } catch {
            throw .invalid(field: "trustBundle", reason: error.message)
        }
        let url = try Self.text(object, "url")
        guard url.hasPrefix("https://"), let controlPlane = ControlPlaneURL(parsing: url) else {
            throw .invalid(field: "url", reason: "must be https://<host>:<port> and nothing more")
        }
        self.controlPlane = controlPlane
    }

    private static func joinToken(
        _ object: JSONObject,
        _ platform: Platform
    ) throws(BootstrapTokenError) -> Secret? {
        switch platform {
        case .ecs:
            guard object["joinToken"] == nil else {
                throw .invalid(field: "joinToken", reason: "is for platform vm only")
            }
            return nil
        case .vm: return Secret(try Self.text(object, "joinToken"))
        }
    }

    private static func identity(_ object: JSONObject) throws(BootstrapTokenError) -> SPIFFEID {
        let trustDomain = try text(object, "trustDomain")
        let namespace = try text(object, "namespace")
        let serviceAccount = try text(object, "serviceAccount")
        do {
            return try SPIFFEID(trustDomain: trustDomain, namespace: namespace, serviceAccount: serviceAccount)
        } catch {
            let field =
                switch error {
                case .invalidNamespace: "namespace"
                case .invalidServiceAccount: "serviceAccount"
                default: "trustDomain"
                }
            throw .invalid(field: field, reason: "\(error)")
        }
    }

    /// A string field of up to 255 visible ASCII characters.
    private static func text(
        _ object: JSONObject,
        _ field: String,
        mayBeEmpty: Bool = false
    ) throws(BootstrapTokenError) -> String {
        guard let value = object[field] else { throw .missing(field: field) }
        guard let text = value.string else { throw .wrongType(field: field, expected: "a string") }
        guard mayBeEmpty || !text.isEmpty else { throw .invalid(field: field, reason: "must not be empty") }
        guard text.utf8.count <= 255, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid(field: field, reason: "must be at most 255 visible ASCII characters")
        }
        return text
    }
}

/// Why a bootstrap token can't be used; each says what to do about it.
package enum BootstrapTokenError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(path: String)
    case empty
    case tooLarge(bytes: Int)
    case notBase64URL
    case notJSON(JSONError)
    case missing(field: String)
    case unknown(field: String)
    case wrongType(field: String, expected: String)
    case invalid(field: String, reason: String)

    package var description: String {
        switch self {
        case .unreadable(let path): "file \(path.prefix(255)) can't be read"
        case .empty: "bootstrap token is empty; make one with: tulle bootstrap"
        case .tooLarge(let bytes):
            "bootstrap token has \(bytes) bytes; at most \(BootstrapToken.byteLimit) are allowed"
        case .notBase64URL: "bootstrap token is not base64url without padding; was it cut or quoted when copied?"
        case .notJSON(let error): "bootstrap token holds no JSON (\(error)); was it cut when copied?"
        case .missing(let field): "bootstrap token lacks the field \(field); make a new one with: tulle bootstrap"
        case .unknown(let field): "bootstrap token has an unknown field \(field); is this program too old for it?"
        case .wrongType(let field, let expected): "bootstrap token: \(field) must be \(expected)"
        case .invalid(let field, let reason): "bootstrap token: \(field): \(reason)"
        }
    }
}

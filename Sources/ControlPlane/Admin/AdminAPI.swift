import Foundation
import MeshConfig

/// The routes of the admin port: `/v1/…`, and the pages that were there before.
package struct AdminAPI: Sendable {
    private let pages: AdminPages
    private let resources: (any ResourceAdministration)?
    private let tokens: (any TokenAdministration)?
    private let rotation: (any RotationAdministration)?
    private let sessions: (any SessionAdministration)?

    /// Makes the routes. One whose provider is nil answers 501.
    package init(
        pages: AdminPages,
        resources: (any ResourceAdministration)? = nil,
        tokens: (any TokenAdministration)? = nil,
        rotation: (any RotationAdministration)? = nil,
        sessions: (any SessionAdministration)? = nil
    ) {
        self.pages = pages
        self.resources = resources
        self.tokens = tokens
        self.rotation = rotation
        self.sessions = sessions
    }

    /// Does what a request asks for.
    package func answer(_ request: AdminRequest) async -> AdminAnswer {
        do throws(AdminFault) {
            guard request.path.first == "v1" else { return try self.page(request) }
            if case .stranger = request.caller {
                throw AdminFault(.forbidden, "this port does not know who calls; use loopback, or a client certificate")
            }
            return try await self.route(request, Array(request.path.dropFirst()))
        } catch {
            return .failure(error)
        }
    }

    private func page(_ request: AdminRequest) throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["GET", "HEAD"])
        guard let page = try self.pages.answer(request.pathText, for: request.caller) else {
            throw AdminFault(.notFound, "there is no page \(request.pathText.prefix(128))")
        }
        return page
    }

    private func route(_ request: AdminRequest, _ path: [String]) async throws(AdminFault) -> AdminAnswer {
        let method = request.method == "HEAD" ? "GET" : request.method
        if method != "GET" { try Self.requireWrite(request) }
        switch (method, path.first, path.count) {
        case (_, "resources", 1): return try await self.resources(request, method)
        case (_, "resources", 4): return try await self.deleteResource(request, path)
        case (_, "tokens", 1): return try await self.tokens(request, method)
        case (_, "tokens", 2): return try await self.revokeToken(request, path[1])
        case (_, "rotation", 1): return try await self.rotationStatus(request)
        case (_, "rotation", 2): return try await self.takeStep(request, path[1])
        case (_, "sessions", 1): return try await self.endSessions(request)
        case ("GET", _, 1):
            if let page = try self.pages.view(path[0], request) { return page }
        default:
            if path.count == 1, AdminPages.views.contains(path[0]) {
                throw AdminFault(.methodNotAllowed, "only GET is allowed here")
            }
        }
        throw AdminFault(.notFound, "there is no route \(request.pathText.prefix(128))")
    }

    // MARK: Resources

    private func resources(_ request: AdminRequest, _ method: String) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["GET", "HEAD", "POST"])
        let provider = try Self.provided(self.resources, "resources")
        if method == "POST" {
            guard !request.body.isEmpty, let text = String(validating: request.body, as: UTF8.self) else {
                throw AdminFault(.badRequest, "the body must be YAML in UTF-8")
            }
            let results = try await provider.apply(text, isDryRun: try request.flag("dryRun"))
            return .json(["results": results])
        }
        var filter = ResourceFilter(namespace: request.parameter("namespace"), name: request.parameter("name"))
        if filter.namespace == "-" { filter.namespace = "" }
        if let kind = request.parameter("kind") { filter.kind = try Self.kind(kind) }
        let items = try await provider.resources(filter)
        return .json(["items": items.filter { request.caller.sees($0.key.namespace) }])
    }

    private func deleteResource(_ request: AdminRequest, _ path: [String]) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["DELETE"])
        let provider = try Self.provided(self.resources, "resources")
        let kind = try Self.kind(path[1])
        guard kind.isNamespaced == (path[2] != "-") else {
            throw AdminFault(
                .badRequest,
                kind.isNamespaced
                    ? "\(kind.rawValue) has a namespace, which must be named"
                    : "\(kind.rawValue) has no namespace; write '-' in its place"
            )
        }
        // As files are named after them: a dot too many would name another resource's.
        guard !kind.isNamespaced || Self.isName(path[2], allowsDots: false), Self.isName(path[3], allowsDots: true)
        else {
            throw AdminFault(
                .badRequest,
                "namespace and name must be lower-case letters, digits, '-' and, in names, '.'"
            )
        }
        let key = ResourceKey(kind: kind, namespace: kind.isNamespaced ? path[2] : "", name: path[3])
        try await provider.delete(key)
        return .json(["deleted": ["kind": kind.rawValue, "namespace": key.namespace, "name": key.name]])
    }

    private static func isName(_ text: String, allowsDots: Bool) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                case UInt8(ascii: "."): allowsDots
                default: false
                }
            }
    }

    private static func kind(_ text: String) throws(AdminFault) -> ResourceKind {
        if let kind = ResourceKind(rawValue: text) { return kind }
        let known = ResourceKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw AdminFault(.badRequest, "there is no kind '\(text.prefix(64))', known: \(known)")
    }

    // MARK: Tokens

    private struct TokenPage: Encodable {
        var id: String
        var token: String
        var namespace: String
        var serviceAccount: String
        var expires: Date
    }

    private func tokens(_ request: AdminRequest, _ method: String) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["GET", "HEAD", "POST"])
        let provider = try Self.provided(self.tokens, "tokens")
        guard method == "POST" else {
            let tokens = try await provider.tokens()
            return .json(["tokens": tokens.filter { request.caller.sees($0.namespace) }])
        }
        guard request.contentType == "application/json",
            let wish = try? JSONDecoder().decode(TokenWish.self, from: Data(request.body))
        else {
            throw AdminFault(
                .badRequest,
                "the body must be JSON with namespace, serviceAccount and, if wished, ttlSeconds and uses"
            )
        }
        let made = try await provider.make(wish)
        let page = TokenPage(
            id: made.entry.id,
            token: made.token,
            namespace: made.entry.namespace,
            serviceAccount: made.entry.serviceAccount,
            expires: made.entry.expires
        )
        return .json(page, status: 201)
    }

    private func revokeToken(_ request: AdminRequest, _ id: String) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["DELETE"])
        try await Self.provided(self.tokens, "tokens").revoke(id)
        return .json(["revoked": id])
    }

    // MARK: Rotation

    private func rotationStatus(_ request: AdminRequest) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["GET", "HEAD"])
        return .json(AdminValue(value: try await Self.provided(self.rotation, "rotation").status()))
    }

    private func takeStep(_ request: AdminRequest, _ name: String) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["POST"])
        guard let step = RotationStep(rawValue: name) else {
            let known = RotationStep.allCases.map(\.rawValue).joined(separator: ", ")
            throw AdminFault(.notFound, "there is no step '\(name.prefix(64))', known: \(known)")
        }
        let provider = try Self.provided(self.rotation, "rotation")
        let status = try await provider.take(step, isForced: try request.flag("force"))
        return .json(AdminValue(value: status))
    }

    private func endSessions(_ request: AdminRequest) async throws(AdminFault) -> AdminAnswer {
        try Self.require(request, ["DELETE"])
        return .json(["ended": try await Self.provided(self.sessions, "sessions").replace()])
    }

    // MARK: Rules

    private static func provided<Provider>(_ provider: Provider?, _ name: String) throws(AdminFault) -> Provider {
        if let provider { return provider }
        throw AdminFault(.notProvided, "this control plane has no administration of \(name)")
    }

    private static func require(_ request: AdminRequest, _ methods: [String]) throws(AdminFault) {
        guard methods.contains(request.method) else {
            throw AdminFault(.methodNotAllowed, "allowed here: \(methods.joined(separator: ", "))")
        }
    }

    private static func requireWrite(_ request: AdminRequest) throws(AdminFault) {
        guard request.caller.mayWrite else {
            throw AdminFault(
                .forbidden,
                "\(request.caller.name) may only read here; administrators are named by the setting admin.identities"
            )
        }
    }
}

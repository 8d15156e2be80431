package import MeshModel
package import MeshProtos

/// Keeps clients on their endpoints by a cookie or header that only waypoints can read (Gateway API, GEP-1619).
///
/// With a request: ``session(of:now:)`` gives the endpoint for ``PickDemand/session``; with its response,
/// ``field(for:keeping:of:now:)`` gives the field that the client gets. Times are seconds of Unix time, as sessions
/// outlive a waypoint and move between several.
package struct SessionKeeper: Sendable {
    /// A session that a request belongs to.
    package struct Session: Sendable, Hashable {
        /// Where its endpoint listens.
        package var endpoint: SocketAddress
        fileprivate var began: UInt32
        /// Whether an older key than that of today sealed it.
        fileprivate var isOld: Bool
    }

    private let settings: TulleL7.SessionPersistence
    private let name: String
    private let scope: String
    /// The first one seals.
    private let hmacs: [@Sendable ([UInt8]) -> [UInt8]]

    /// - Parameters:
    ///   - scope: what sessions are for, such as the route's name: they count for nothing elsewhere.
    ///   - hmac: HMAC-SHA256 of a message under a key that all waypoints in front of a service share, and nobody else.
    ///   - older: the same under keys of before: they open, and what they sealed is sealed anew.
    package init(
        _ settings: TulleL7.SessionPersistence,
        scope: String,
        hmac: @escaping @Sendable ([UInt8]) -> [UInt8],
        older: [@Sendable ([UInt8]) -> [UInt8]] = []
    ) {
        self.settings = settings
        let name = settings.name.isEmpty ? "tulle-session" : settings.name
        self.name = settings.header ? name.lowercased() : name
        self.scope = scope
        self.hmacs = [hmac] + older
    }

    /// The session of a request; nil without one, or with one that is not ours or over.
    package func session(of request: RequestView, now: UInt64) -> Session? {
        let text = self.settings.header ? request.fields.first(named: self.name) : request.cookie(named: self.name)
        guard let text else { return nil }
        for (age, hmac) in self.hmacs.enumerated() {
            guard let token = SessionToken(opening: text, scope: self.scope, hmac: hmac) else { continue }
            return self.session(token, isOld: age > 0, now: now)
        }
        return nil
    }

    private func session(_ token: SessionToken, isOld wasSealedBefore: Bool, now: UInt64) -> Session? {
        let isOld = Self.isOver(token.began, self.settings.absoluteTimeoutMilliseconds, now)
        let isIdle = Self.isOver(token.used, self.settings.idleTimeoutMilliseconds, now)
        if isOld || isIdle { return nil }
        return Session(endpoint: token.address, began: token.began, isOld: wasSealedBefore)
    }

    private static func isOver(_ since: UInt32, _ milliseconds: UInt32, _ now: UInt64) -> Bool {
        guard milliseconds > 0 else { return false }
        return now > UInt64(since) + Self.seconds(milliseconds)
    }

    /// Rounded up.
    private static func seconds(_ milliseconds: UInt32) -> UInt64 { (UInt64(milliseconds) + 999) / 1000 }

    /// The field of the response that binds the client to an endpoint; nil when it is bound already and nothing has to be
    /// renewed.
    /// - Parameters:
    ///   - endpoint: the one that answered.
    ///   - session: what ``session(of:now:)`` gave.
    ///   - request: the request.
    package func field(
        for endpoint: SocketAddress,
        keeping session: Session?,
        of request: RequestView,
        now: UInt64
    ) -> HeaderField? {
        let isSame = session?.endpoint == endpoint
        if isSame, self.settings.idleTimeoutMilliseconds == 0, session?.isOld == false { return nil }
        let time = UInt32(clamping: now)
        let began = isSame ? session?.began ?? time : time
        let token = SessionToken(address: endpoint, began: began, used: time)
        guard let hmac = self.hmacs.first, let text = token.sealed(scope: self.scope, hmac: hmac) else { return nil }
        if self.settings.header { return HeaderField(self.name, text, sensitive: true) }
        let isSecure = request.scheme.utf8.elementsEqual("https".utf8)
        let cookie = self.cookie(text, lifetime: self.lifetime(since: began, now), isSecure: isSecure)
        return HeaderField("set-cookie", cookie, sensitive: true)
    }

    /// Seconds that a permanent cookie has left; nil for one that ends with the browser.
    private func lifetime(since began: UInt32, _ now: UInt64) -> UInt64? {
        guard self.settings.permanent, self.settings.absoluteTimeoutMilliseconds > 0 else { return nil }
        let end = UInt64(began) + Self.seconds(self.settings.absoluteTimeoutMilliseconds)
        return end > now ? end - now : 0
    }

    private func cookie(_ value: String, lifetime: UInt64?, isSecure: Bool) -> String {
        var cookie = "\(self.name)=\(value); Path=\(self.settings.path.isEmpty ? "/" : self.settings.path)"
        if let lifetime { cookie += "; Max-Age=\(lifetime)" }
        return cookie + "; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}

import MeshModel

/// A request as rules look at it, with what is computed for them once.
struct AccessSubject {
    let view: RequestView
    let connection: ConnectionFacts
    /// The names of the peer; empty without one.
    let principals: [String]
    private let trustedProxies: Int
    private var foundHosts: [String]?
    private var foundClient: ClientAddress?

    init(_ view: RequestView, principals: [String], trustedProxies: Int) {
        self.view = view
        self.connection = view.connection
        self.principals = principals
        self.trustedProxies = trustedProxies
    }

    /// The names that the request's authority stands for.
    var hosts: [String] {
        mutating get {
            if let foundHosts = self.foundHosts { return foundHosts }
            let hosts = HostNames.all(of: self.view.authority, scheme: self.view.scheme)
            self.foundHosts = hosts
            return hosts
        }
    }

    /// The client's address by `x-forwarded-for`.
    var client: ClientAddress {
        mutating get {
            if let foundClient = self.foundClient { return foundClient }
            let client = ClientAddress.find(
                in: self.view.fields,
                trustedProxies: self.trustedProxies,
                peer: self.connection.source.ip.canonical
            )
            self.foundClient = client
            return client
        }
    }

    /// The issuer and subject of the token that counts; nil without both.
    var requestPrincipal: (issuer: String, subject: String)? {
        guard let token = self.view.tokens.first, case .string(let issuer)? = token[["iss"]],
            case .string(let subject)? = token[["sub"]]
        else { return nil }
        return (issuer, subject)
    }
}

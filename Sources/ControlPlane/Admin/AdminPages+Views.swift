import CertificateAuthority
import Foundation
import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS

// The pages below `/v1` that show what is, and need no provider.
extension AdminPages {
    /// Their names.
    static let views = [
        "version", "services", "workloads", "policies", "routes", "proxies", "certificates", "findings",
        "accounts",
    ]

    /// The page of a name; nil for none.
    ///
    /// - Throws: `AdminFault` with `bad_request` for a parameter that cannot be read, and with `unavailable` for what data
    ///   planes are told, as long as nobody knows it.
    func view(_ name: String, _ request: AdminRequest) throws(AdminFault) -> AdminAnswer? {
        switch name {
        case "version": return .json(AdminValue(value: self.version))
        case "services":
            try self.requireReady()
            return Self.page(name, self.services(request))
        case "workloads":
            try self.requireReady()
            return Self.page(name, self.workloads(request))
        case "policies":
            try self.requireReady()
            return Self.page(name, self.policies(request))
        case "routes":
            try self.requireReady()
            return Self.page(name, self.routes(request))
        case "proxies": return Self.page(name, self.proxies(request))
        case "accounts":
            // As findings: about AWS accounts, so only for those who see all.
            let isAllowed = request.caller.namespace == nil
            return Self.page(name, isAllowed ? self.fleet.map { AccountReport($0).pages } ?? [] : [])
        case "findings": return Self.page(name, self.findings(request))
        case "certificates": return .json(try self.certificates(request))
        default: return nil
        }
    }

    private static func page(_ name: String, _ items: [ConfigValue]) -> AdminAnswer {
        .json(AdminValue(value: .map([name: .list(items)])))
    }

    /// A mesh that was not looked at yet must not look like an empty one.
    private func requireReady() throws(AdminFault) {
        guard let awaited = self.publisher.awaited else { return }
        throw AdminFault(.unavailable, "\(awaited)")
    }

    /// Whether a thing of this namespace and name is asked for and may be seen.
    private static func admits(_ request: AdminRequest, namespace: String, name: String? = nil) -> Bool {
        request.caller.sees(namespace) && (request.parameter("namespace") ?? namespace) == namespace
            && (request.parameter("name") ?? name) == name
    }

    private var version: ConfigValue {
        PageBuilder.object { page in
            page.text("version", ControlPlaneVersion.text)
            page.text("trustDomain", self.bootstrap().trustDomain)
            page.text("meshDomain", self.bootstrap().meshDomain)
            page.text("cluster", self.bootstrap().cluster)
            page.text("network", self.bootstrap().network)
            page.text("replica", self.replica)
            if let replicas = self.replicas { page.set("shared", replicas.page) }
            page.set("ready", .bool(self.store.isReady))
            page.text("awaited", self.publisher.awaited?.description ?? "")
        }
    }

    private var addresses: AddressPages.Content {
        AddressPages.Content((self.store.catalog?.resources(of: XDSTypes.address) ?? []).lazy.map(\.bytes))
    }

    private func services(_ request: AdminRequest) -> [ConfigValue] {
        let content = self.addresses
        let endpoints = content.endpoints
        return content.services.filter { Self.admits(request, namespace: $0.namespace, name: $0.name) }.map {
            AddressPages.service($0, endpoints: endpoints["\($0.namespace)/\($0.hostname)"] ?? [])
        }
    }

    private func workloads(_ request: AdminRequest) -> [ConfigValue] {
        let labels = self.publisher.workloadLabels
        return self.addresses.workloads.filter { Self.admits(request, namespace: $0.namespace, name: $0.name) }
            .map { AddressPages.workload($0, labels: labels[$0.uid]) }
    }

    private func policies(_ request: AdminRequest) -> [ConfigValue] {
        (self.store.catalog?.resources(of: XDSTypes.authorization) ?? [])
            .compactMap { try? IstioSecurity.Authorization(decoding: $0.bytes) }
            .filter { Self.admits(request, namespace: $0.namespace, name: $0.name) }
            .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
            .map(PolicyPages.policy)
    }

    /// What waypoints do with services; a service's name is its short one, or its host name.
    private func routes(_ request: AdminRequest) -> [ConfigValue] {
        self.publisher.overview.waypoints.sorted { $0.key < $1.key }.flatMap { owner, resources in
            RoutePages.services(resources, of: owner).filter { page in
                let hostname = page.text("hostname") ?? ""
                let wanted = request.parameter("name")
                guard Self.admits(request, namespace: page.text("namespace") ?? "", name: wanted) else { return false }
                return wanted == nil || hostname == wanted || hostname.prefix { $0 != "." } == wanted ?? ""
            }
        }
    }

    private func proxies(_ request: AdminRequest) -> [ConfigValue] {
        self.connections.connections.filter { connection in
            let identity = try? SPIFFEID(parsing: connection.identity)
            return Self.admits(request, namespace: identity?.namespace ?? "", name: request.parameter("name"))
        }.map { ProxyPage.proxy($0, replica: self.replica) }
    }

    /// What is found is about AWS accounts, so only those who see all see it.
    private func findings(_ request: AdminRequest) -> [ConfigValue] {
        guard request.caller.namespace == nil else { return [] }
        let zones = self.zones?.status ?? []
        return (self.publisher.overview.findings + zones.flatMap(\.findings)).map { finding in
            PageBuilder.object { page in
                page.text("code", finding.code.rawValue)
                page.text("subject", finding.subject)
                page.text("detail", finding.detail)
            }
        }
    }

    private func certificates(_ request: AdminRequest) throws(AdminFault) -> CertificatePage {
        let filter = CertificatePage.Filter(
            identity: request.parameter("identity"),
            namespace: request.caller.namespace ?? request.parameter("namespace"),
            outcome: request.parameter("outcome"),
            serial: request.parameter("serial"),
            limit: try request.number("limit", in: 1...1000, default: 256)
        )
        return CertificatePage(self.authority, self.journal, filter: filter, now: Date())
    }
}

/// Which release this is.
package enum ControlPlaneVersion {
    /// The version of this source tree.
    package static let text = "0.1.0"
}

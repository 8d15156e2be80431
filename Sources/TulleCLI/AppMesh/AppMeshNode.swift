import AWSClient

/// A virtual node with what it becomes in the mesh.
struct AppMeshNode {
    /// What a listener speaks, in App Mesh's words, which are those of the tag `tulle/ports` too.
    enum Application: String, CaseIterable {
        case http
        case http2
        case grpc
        case tcp

        var isHTTP: Bool { self != .tcp }
    }

    /// A port that it serves.
    struct Listener {
        var port: Int
        var application: Application
        var field: ExportField
    }

    let resource: AppMeshExport.Resource
    let listeners: [Listener]
    /// The name that App Mesh finds its tasks by; nil for a node that only calls.
    let discovered: String?
    /// The name that the mesh knows it by; nil for a node that only calls.
    var host: String?
    /// Virtual services that are nothing but further names of it.
    var aliases: [String] = []
    /// Ports that callers use and it does not listen on, with the listeners that they lead to.
    var extraPorts: [Int: Int] = [:]
    /// The task definition that runs it; nil when it is not on ECS, or was not exported.
    var definition: AppMeshExport.Definition?
    /// The service of ECS that runs it, as far as it is known.
    var service: AppMeshExport.Service?
    /// The service account that its tasks get.
    var account: String

    /// Reads a virtual node's ports and the name of its tasks.
    init(_ resource: AppMeshExport.Resource) throws(CommandFailure) {
        self.resource = resource
        var listeners: [Listener] = []
        for field in try resource.spec.at("listeners")?.list() ?? [] {
            let (port, application) = try Self.mapping(try field.require("portMapping"))
            listeners.append(Listener(port: port, application: application, field: field))
        }
        self.listeners = listeners
        self.discovered = try Self.name(resource.spec.at("serviceDiscovery"))
        self.host = self.discovered
        self.account = FittedLabel.make(resource.name) ?? "node"
    }

    /// A port and what is spoken on it.
    static func mapping(_ field: ExportField) throws(CommandFailure) -> (port: Int, application: Application) {
        let word = try field.require("protocol")
        guard let application = Application(rawValue: try word.text()) else {
            throw word.wrong("must be one of \(Application.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return (try field.require("port").number(1...65_535), application)
    }

    private static func name(_ field: ExportField?) throws(CommandFailure) -> String? {
        guard let field, let (kind, found) = try field.only(["awsCloudMap", "dns"]) else { return nil }
        if kind == "dns" { return try HostText.lowered(try found.require("hostname")) }
        let service = try found.require("serviceName")
        let namespace = try found.require("namespaceName")
        return "\(try HostText.lowered(service)).\(try HostText.lowered(namespace))"
    }

    /// What policies and labels know its service by: the service's name on ECS, else the task definition's family.
    var label: String? {
        guard let definition = self.definition else { return nil }
        return FittedLabel.make(self.service?.name ?? definition.definition.family)
    }

    /// The port behind a name of its own: that of the target, else its only listener's.
    func port(_ wanted: Int?) -> Int? {
        if let wanted { return wanted }
        return self.listeners.count == 1 ? self.listeners.first?.port : nil
    }

    /// The value of `tulle/ports`; nil when it serves none.
    var portsTag: String? {
        var entries = self.listeners.map { ($0.port, "\($0.application.rawValue):\($0.port)") }
        for (port, target) in self.extraPorts {
            let word = self.listeners.first { $0.port == target }?.application ?? .tcp
            entries.append((port, "\(word.rawValue):\(port):\(target)"))
        }
        return entries.isEmpty ? nil : entries.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: "/")
    }
}

/// Host names as App Mesh writes them.
enum HostText {
    /// The text in lower case without a dot at its end.
    /// - Throws: `CommandFailure` when no DNS name comes out.
    static func lowered(_ field: ExportField) throws(CommandFailure) -> String {
        var text = try field.text().lowercased()
        if text.hasSuffix(".") { text.removeLast() }
        guard self.isName(text) else { throw field.wrong("must be a DNS name: labels of a-z, 0-9 and inner dashes") }
        return text
    }

    /// Whether a text is a name of one label or more.
    static func isName(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { MeshName(String($0)) != nil }
    }
}

/// Names of AWS as DNS labels.
enum FittedLabel {
    /// The text in lower case with every other byte than a letter, a digit or `-` turned into `-`, as the control plane
    /// does with names of services; nil when nothing is left.
    static func make(_ text: String) -> String? {
        let bytes = text.lowercased().utf8.prefix(255).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "-")
            }
        }
        var label = bytes.drop { $0 == UInt8(ascii: "-") }.prefix(63)
        while label.last == UInt8(ascii: "-") { label.removeLast() }
        return label.isEmpty ? nil : String(decoding: label, as: UTF8.self)
    }
}

import Testing

@testable import Lab

@Suite struct RedirectRulesTests {
    private static func configuration(
        _ changes: [String: String?] = [:],
        type: String? = "APPMESH",
        container: String = "ztunnel"
    )
        -> ProxyConfiguration
    {
        var properties: [String: String?] = [
            "IgnoredUID": "15301", "ProxyIngressPort": "15006", "ProxyEgressPort": "15001", "AppPorts": "8080",
            "EgressIgnoredIPs": "169.254.170.2,169.254.169.254",
        ]
        properties.merge(changes) { _, new in new }
        let list = properties.compactMap { name, value in value.map { NameValue(name: name, value: $0) } }
        return ProxyConfiguration(type: type, containerName: container, properties: list)
    }

    @Test func `renders the rules of the aws-appmesh plugin in its order`() throws {
        let rules = try RedirectRules(Self.configuration(["EgressIgnoredPorts": "22, 443"]), containers: ["ztunnel"])
        #expect(
            rules.restoreInput == """
                *nat
                :APPMESH_INGRESS - [0:0]
                :APPMESH_EGRESS - [0:0]
                -A APPMESH_INGRESS -p tcp -m multiport --dports 8080 -j REDIRECT --to-ports 15006
                -A PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS
                -A APPMESH_EGRESS -m owner --uid-owner 15301 -j RETURN
                -A APPMESH_EGRESS -p tcp -m multiport --dports 22,443 -j RETURN
                -A APPMESH_EGRESS -p tcp -d 169.254.170.2 -j RETURN
                -A APPMESH_EGRESS -p tcp -d 169.254.169.254 -j RETURN
                -A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001
                -A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS
                COMMIT

                """
        )
    }

    @Test func `adds ECS's own addresses to the ignored ones`() throws {
        let rules = try RedirectRules(Self.configuration(["EgressIgnoredIPs": "10.0.0.0/8"]), containers: ["ztunnel"])
        #expect(
            rules.restoreInput.contains("-d 10.0.0.0/8 -j RETURN\n-A APPMESH_EGRESS -p tcp -d 169.254.170.2 -j RETURN")
        )
    }

    @Test func `captures 15 app ports and says which it drops`() throws {
        let ports = (1...17).map { String(8000 + $0) }.joined(separator: ",")
        let rules = try RedirectRules(Self.configuration(["AppPorts": ports]), containers: ["ztunnel"])
        #expect(rules.droppedAppPorts == [8016, 8017])
        #expect(rules.restoreInput.contains("8015 -j REDIRECT"))
    }

    @Test func `takes a group in place of a user`() throws {
        let rules = try RedirectRules(
            Self.configuration(["IgnoredUID": nil, "IgnoredGID": "1337"]),
            containers: ["ztunnel"]
        )
        #expect(rules.restoreInput.contains("--gid-owner 1337"))
        #expect(!rules.restoreInput.contains("--uid-owner"))
    }

    @Test(
        arguments: [
            ["ProxyIngressPort": nil], ["ProxyEgressPort": nil], ["AppPorts": nil], ["EgressIgnoredIPs": nil],
            ["IgnoredUID": nil], ["ProxyIngressPort": "0"], ["ProxyEgressPort": "65536"], ["AppPorts": "80;-j ACCEPT"],
            ["IgnoredUID": "root"], ["EgressIgnoredIPs": "10.0.0.0/33"], ["EgressIgnoredIPs": "10.0.0.1\n-A X"],
            ["EgressIgnoredPorts": "http"],
        ] as [[String: String?]]
    )
    func `refuses what RegisterTaskDefinition refuses`(_ changes: [String: String?]) {
        #expect(throws: LabError.self) { try RedirectRules(Self.configuration(changes), containers: ["ztunnel"]) }
    }

    @Test func `refuses another type and a container that isn't there`() {
        #expect(throws: LabError.self) { try RedirectRules(Self.configuration(type: "ENVOY"), containers: ["ztunnel"]) }
        #expect(throws: LabError.self) { try RedirectRules(Self.configuration(), containers: ["app"]) }
    }
}

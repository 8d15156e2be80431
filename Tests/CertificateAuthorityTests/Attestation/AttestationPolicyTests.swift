import CertificateAuthority
import Testing

@Suite struct AttestationPolicyTests {
    private func policy() throws -> (AttestationPolicy, RoleName) {
        var policy = try TestMesh.policy()
        let role = try #require(RoleName(arn: "arn:aws:iam::111122223333:role/shared"))
        policy.bindings = [
            RoleBinding(role: role, namespace: "shop", serviceAccount: "a"),
            RoleBinding(role: role, namespace: "shop", serviceAccount: "b"),
            RoleBinding(role: role, namespace: "bank", serviceAccount: "a"),
        ]
        return (policy, role)
    }

    @Test func tagsChooseAmongTheBindingsOfARole() throws {
        let (policy, role) = try self.policy()
        let chosen = try policy.binding(
            for: role,
            tags: ["tulle/namespace": "bank", "tulle/service-account": "a"]
        )
        #expect(chosen.namespace == "bank")
        #expect(chosen.serviceAccount == "a")
    }

    @Test(arguments: [
        [:],
        ["tulle/namespace": "shop"],
        ["tulle/service-account": "a"],
        ["tulle/namespace": "shop", "tulle/service-account": "c"],
        ["tulle/namespace": "other", "tulle/service-account": "a"],
    ])
    func anAmbiguousOrForeignChoiceIsRefused(_ tags: [String: String]) throws {
        let (policy, role) = try self.policy()
        #expect(throws: IssuanceRefusal.self) { try policy.binding(for: role, tags: tags) }
    }

    @Test func theProductsOwnTagWinsOverItsAlias() throws {
        let (policy, role) = try self.policy()
        let chosen = try policy.binding(
            for: role,
            tags: ["tulle/namespace": "shop", "ecs.solo.io/namespace": "bank", "tulle/service-account": "b"]
        )
        #expect(chosen.namespace == "shop")
    }

    @Test func aRolesPathDoesNotCount() throws {
        let bare = try #require(RoleName(arn: "arn:aws:iam::111122223333:role/echo"))
        #expect(RoleName(arn: "arn:aws:iam::111122223333:role/a/b/echo") == bare)
        #expect(RoleName(arn: "arn:aws:iam::111122223333:user/echo") == nil)
        #expect(RoleName(arn: "arn:aws:iam::11112222333:role/echo") == nil)
        #expect(RoleName(arn: "arn:aws:iam::111122223333:role/") == nil)
    }
}

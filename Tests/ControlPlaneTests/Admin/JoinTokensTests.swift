import CertificateAuthority
import ControlPlane
import Foundation
import MeshModel
import Testing

@Suite struct JoinTokensTests {
    @Test func aTokenIsForAccountsThatAreBoundToNoRole() async throws {
        let directory = try TemporaryDirectory()
        let store = try JoinTokenStore(state: try StateDirectory(path: directory.path))
        let bound = BoundAccounts()
        let role = try #require(RoleName(arn: "arn:aws:iam::111122223333:role/echo"))
        bound.replace([RoleBinding(role: role, namespace: "shop", serviceAccount: "echo")])
        let tokens = JoinTokens(store: store, bound: bound)
        let fault = await #expect(throws: AdminFault.self) {
            try await tokens.make(TokenWish(namespace: "shop", serviceAccount: "echo"))
        }
        #expect(fault?.code == .conflict)
        let made = try await tokens.make(TokenWish(namespace: "edge", serviceAccount: "printer"))
        #expect(try await tokens.tokens().map(\.id) == [made.entry.id])

        let attestor = JoinTokenAttestor(store: store, trustDomain: "cluster.local")
        let evidence = CallerEvidence(authorization: ["Bearer \(made.token)"], keyDigest: "a")
        #expect(!store.hasJoined("edge/printer"))
        let caller = try await attestor.attest(evidence, now: Date())
        #expect(caller.identity.uri == "spiffe://cluster.local/ns/edge/sa/printer")
        #expect(store.hasJoined("edge/printer"))
        let joined = try String(contentsOfFile: "\(directory.path)/joined.json", encoding: .utf8)
        #expect(joined.contains("printer"))
        #expect(try await tokens.tokens().first?.state == .used)
    }
}

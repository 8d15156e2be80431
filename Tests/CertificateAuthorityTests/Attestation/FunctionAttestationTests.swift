import CertificateAuthority
import Foundation
import MeshModel
import Synchronization
import Testing

/// Lambda functions: known by role and name, and only where the owner's binding names them.
@Suite struct FunctionAttestationTests {
    private static let session = "arn:aws:sts::111122223333:assumed-role/echo-role"

    /// A mesh in which the role is bound as given; the signer is a session of that name.
    private func mesh(_ functions: [Set<String>], session: String) throws -> TestMesh {
        var policy = try TestMesh.policy()
        let role = try #require(RoleName(arn: FakeAWS.roleARN))
        policy.bindings = functions.enumerated().map { index, functions in
            RoleBinding(role: role, namespace: "shop", serviceAccount: "account\(index)", functions: functions)
        }
        let mesh = try TestMesh(policy: policy)
        mesh.aws.answers.withLock { $0.caller = .caller(arn: "\(Self.session)/\(session)") }
        return mesh
    }

    @Test func aFunctionThatIsNamedGetsItsIdentityWithoutATask() async throws {
        let mesh = try self.mesh([["other"], ["checkout", "refund"]], session: "checkout")
        let issued = try await mesh.issuer.answer(try TestMesh.call(), now: Date())
        #expect(issued.identity.uri == "spiffe://cluster.local/ns/shop/sa/account1")
        let record = try #require(mesh.journal.newest.last)
        #expect(record.attestor == "lambda_function" && record.task == nil)
    }

    @Test(arguments: ["Checkout", "checkout2", "someone", String(repeating: "a", count: 32)])
    func aSessionThatNobodyNamedIsRefused(_ session: String) async throws {
        let mesh = try self.mesh([["checkout"]], session: session)
        mesh.aws.answers.withLock { $0.task = .missing }
        let code = try await mesh.refusal(try TestMesh.call())
        #expect(code == (session.utf8.count == 32 ? .taskNotFound : .notATaskRole))
    }

    @Test func aBindingOfTasksIsNoneOfFunctions() async throws {
        let mesh = try self.mesh([[]], session: "checkout")
        #expect(try await mesh.refusal(try TestMesh.call()) == .notATaskRole)
    }

    @Test func aBindingOfFunctionsIsNoneOfTasks() async throws {
        var policy = try TestMesh.policy()
        policy.bindings[0].functions = ["checkout"]
        let mesh = try TestMesh(policy: policy)
        #expect(try await mesh.refusal(try TestMesh.call()) == .bindingMissing)
    }

    @Test func aFunctionThatSeveralBindingsNameIsRefused() async throws {
        let mesh = try self.mesh([["checkout"], ["checkout"]], session: "checkout")
        #expect(try await mesh.refusal(try TestMesh.call()) == .bindingMissing)
    }

    @Test(
        arguments: [
            (AttestationPlace(accounts: ["444455556666"], regions: ["us-east-1"], clusters: []), .accountNotAllowed),
            (AttestationPlace(accounts: ["111122223333"], regions: ["eu-west-1"], clusters: []), .regionNotAllowed),
        ] as [(AttestationPlace, IssuanceRefusal.Code)]
    )
    func accountAndRegionMustBeAllowed(_ place: AttestationPlace, _ code: IssuanceRefusal.Code) async throws {
        var policy = try TestMesh.policy()
        policy.bindings[0].functions = ["checkout"]
        // Signed for a region of another account, so that the first check lets it through.
        policy.places = [
            place, AttestationPlace(accounts: ["777788889999"], regions: ["us-east-1"], clusters: []),
        ]
        let mesh = try TestMesh(policy: policy)
        mesh.aws.answers.withLock { $0.caller = .caller(arn: "\(Self.session)/checkout") }
        #expect(try await mesh.refusal(try TestMesh.call()) == code)
    }
}

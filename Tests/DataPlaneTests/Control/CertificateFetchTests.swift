import BoringTLS
import DataPlaneTestSupport
import MeshDNS
import MeshModel
import MeshProtos
import Synchronization
import Testing
import TunnelEngine

@testable import DataPlane

@Suite("Fetching a certificate")
struct CertificateFetchTests {
    private func order(_ source: CredentialSource, server: ControlServer? = nil) throws -> CertificateFetch.Order {
        CertificateFetch.Order(
            identity: try TestMesh.identity("echo"),
            source: source,
            server: server,
            issuedRoots: [],
            lifetime: 86_400,
            cluster: "c1"
        )
    }

    @Test("a node that asks for its workload names it besides the CSR; one that asks for itself does not")
    func impersonation() throws {
        let node = try order(.bearer(nil, impersonates: true)).message(csr: "csr")
        #expect(node.csr == "csr")
        #expect(node.validityDuration == 86_400)
        #expect(node.metadata?.string("ImpersonatedIdentity") == "spiffe://cluster.local/ns/demo/sa/echo")
        #expect(try order(.bearer(nil, impersonates: false)).message(csr: "csr").metadata == nil)
    }

    @Test("a call carries the cluster, configured headers and the token, and the secret ones are never indexed")
    func metadata() throws {
        let loop = try TestLoop()
        let url = try #require(ControlPlaneURL(parsing: "https://istiod.test:15012"))
        let headers = try loop.sync {
            let server = ControlServer(
                address: ControlPlaneAddress(
                    url,
                    resolver: NameResolver(loop: loop.loop, configuration: ResolverConfiguration(servers: []))
                ),
                roots: ServerRoots(.configured(.system), policy: TLSPolicy(), log: TestLog().log),
                alternatives: [],
                headers: [MetadataEntry(name: "x-extra", value: Secret("value"))]
            )
            return try order(.bearer(nil, impersonates: true), server: server).metadata(bearer: "t")
        }
        #expect(headers.map(\.name) == ["clusterid", "x-extra", "authorization"])
        #expect(headers.map(\.value) == ["c1", "value", "Bearer t"])
        #expect(headers.map(\.sensitive) == [false, true, true])
        #expect(try order(.bearer(nil, impersonates: true)).metadata(bearer: nil).map(\.name) == ["clusterid"])
    }

    /// Runs an attempt to its end.
    private func failure(_ order: CertificateFetch.Order) throws -> String {
        let loop = try TestLoop()
        let kept = Kept()
        return try loop.wait { done in
            let fetch = CertificateFetch(loop: loop.loop, order: order, bind: { _ in nil }) { result in
                switch result {
                case .success: done("success")
                case .failure(let failure): done(failure.description)
                }
            }
            kept.fetch = fetch
            fetch.start()
        }
    }

    private final class Kept: @unchecked Sendable {
        var fetch: CertificateFetch?
    }

    @Test("without an authority, a token or files the failure says what to look at")
    func failures() throws {
        #expect(try failure(order(.bearer(nil, impersonates: false))).contains("CA_ADDRESS"))
        let token = try TestFile()
        #expect(try failure(order(.bearer(.file(token.path), impersonates: false))).contains(token.path))
        let files = IdentityFiles(certificates: token.path, key: token.path, roots: token.path)
        #expect(try failure(order(.files(files))).contains(token.path))
    }
}

import BoringTLS
import DataPlaneTestSupport
import MeshModel
import Testing

@testable import DataPlane

@Suite("Roots of the control plane")
struct ServerRootsTests {
    private let log = TestLog()

    private func root() throws -> String { try TestAuthority().files(try TestMesh.identity("x")).roots }

    private func roots(_ source: ServerRoots.Source) -> ServerRoots {
        ServerRoots(source, policy: TLSPolicy(), log: log.log)
    }

    @Test("a file that changed is dirty until the next connection, which uses the new roots")
    func fileChanges() throws {
        let file = try TestFile(try root())
        let roots = roots(.configured(.file(file.path)))
        #expect(roots.isDirty)
        let first = try roots.context(issued: [])
        #expect(!roots.isDirty)
        #expect(try roots.context(issued: []) === first)
        try file.write(try root())
        #expect(roots.isDirty)
        #expect(try roots.context(issued: []) !== first)
        #expect(!roots.isDirty)
    }

    @Test("a file that can't be used any more leaves the old roots in use, and is tried again")
    func fileBreaks() throws {
        let file = try TestFile(try root())
        let roots = roots(.configured(.file(file.path)))
        let first = try roots.context(issued: [])
        for text in ["", "no certificate"] {
            try file.write(text)
            #expect(try roots.context(issued: []) === first)
            #expect(roots.isDirty)
        }
        try file.remove()
        #expect(try roots.context(issued: []) === first)
        #expect(log.lines.count == 3)
        try file.write(try root())
        #expect(try roots.context(issued: []) !== first)
        #expect(!roots.isDirty)
    }

    @Test("without any roots there is no connection")
    func noFile() throws {
        let file = try TestFile()
        let roots = roots(.configured(.file(file.path)))
        let error = #expect(throws: ServerRoots.Failure.self) { try roots.context(issued: []) }
        #expect(error?.description.contains(file.path) == true)
        #expect(throws: TLSError.self) { try self.roots(.configured(.inline("nothing"))).context(issued: []) }
    }

    @Test("inline roots and those of the token are never dirty once they are read")
    func staticRoots() throws {
        let inline = roots(.configured(.inline(try root())))
        let context = try inline.context(issued: [])
        #expect(!inline.isDirty)
        #expect(try inline.context(issued: []) === context)
        let known = roots(.known(try TrustAnchors(pem: try root())))
        #expect(!known.isDirty)
        #expect(try known.context(issued: []) === known.context(issued: []))
    }

    @Test("roots that came with our certificate count beside the token's, and not beside configured ones")
    func issuedRoots() throws {
        let issued = try TrustAnchors(pem: try root()).certificates
        let known = roots(.known(try TrustAnchors(pem: try root())))
        let before = try known.context(issued: [])
        let after = try known.context(issued: issued)
        #expect(before !== after)
        #expect(try known.context(issued: issued) === after)
        let inline = roots(.configured(.inline(try root())))
        #expect(try inline.context(issued: []) === inline.context(issued: issued))
    }
}

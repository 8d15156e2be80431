import BoringTLS
import Testing

@Suite("Revocation files")
struct RevocationSetTests {
    @Test("an empty file revokes nothing", arguments: ["", "\n", " \r\n\t"])
    func empty(_ text: String) throws {
        let set = try RevocationSet(file: Array(text.utf8))
        #expect(set.listCount == 0)
        #expect(set.entryCount == 0)
    }

    @Test("one list is read from DER and from PEM alike")
    func bothForms() throws {
        let authority = try TestAuthority()
        let builder = RevocationListBuilder(
            issuer: authority.name,
            serials: [3, 4, 5],
            thisUpdate: TestAuthority.now,
            nextUpdate: TestAuthority.now + 60
        )
        let der = try RevocationSet(file: try builder.sign(with: authority.key))
        #expect(der.listCount == 1)
        #expect(der.entryCount == 3)
        let pem = try RevocationSet(file: Array(try builder.pem(signedWith: authority.key).utf8))
        #expect(pem.listCount == 1)
        #expect(pem.entryCount == 3)
    }

    @Test("a PEM file holds several lists, and other blocks are left out")
    func severalLists() throws {
        let first = try TestAuthority("first")
        let second = try TestAuthority("second")
        let text = try first.root.pem + first.revoking([1, 2]) + "a remark\n" + second.revoking([])
        let set = try RevocationSet(file: Array(text.utf8))
        #expect(set.listCount == 2)
        #expect(set.entryCount == 2)
    }

    @Test("the system's openssl reads what the builder signs")
    func opensslAgrees() throws {
        let authority = try TestAuthority()
        let outcome = try OpenSSLCommand.run(["crl", "-noout", "-text"], input: try authority.revoking([1_193_046]))
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("Serial Number: 123456"))
    }

    @Test(
        "a file of anything else is refused",
        arguments: [
            "no list", "-----BEGIN X509 CRL-----\n", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
            "0", "-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n",
        ]
    )
    func malformed(_ text: String) {
        #expect(throws: RevocationError.self) { try RevocationSet(file: Array(text.utf8)) }
    }

    @Test("a list with one broken neighbour is not used by itself")
    func nothingByHalves() throws {
        let authority = try TestAuthority()
        let text = try authority.revoking([1]) + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
        #expect(throws: RevocationError.malformed(index: 2)) { try RevocationSet(file: Array(text.utf8)) }
    }

    @Test("every cut of a list is refused without a trap")
    func cuts() throws {
        let authority = try TestAuthority()
        let builder = RevocationListBuilder(issuer: "x", serials: [1, 2], thisUpdate: 0, nextUpdate: 1)
        let der = try builder.sign(with: authority.key)
        for count in 1..<der.count {
            #expect(throws: RevocationError.self) { try RevocationSet(file: Array(der.prefix(count))) }
        }
        for index in der.indices {
            var changed = der
            changed[index] ^= 0xFF
            _ = try? RevocationSet(file: changed)
        }
    }

    @Test("a file above its limit, and one list too many, are refused")
    func bounds() throws {
        let bytes = [UInt8](repeating: 0x20, count: RevocationSet.byteLimit + 1)
        #expect(throws: RevocationError.tooLarge(bytes: bytes.count)) { try RevocationSet(file: bytes) }
        let authority = try TestAuthority()
        let list = try authority.revoking([])
        let text = String(repeating: list, count: PEMBlock.blockLimit + 1)
        #expect(throws: RevocationError.self) { try RevocationSet(file: Array(text.utf8)) }
    }

    @Test("a delta list is refused")
    func delta() throws {
        let authority = try TestAuthority()
        var builder = RevocationListBuilder(issuer: "x", serials: [1], thisUpdate: 0, nextUpdate: 1)
        builder.isDelta = true
        let der = try builder.sign(with: authority.key)
        #expect(throws: RevocationError.unsupported(index: 1, "a delta list")) { try RevocationSet(file: der) }
        let pem = try builder.pem(signedWith: authority.key)
        #expect(throws: RevocationError.unsupported(index: 1, "a delta list")) {
            try RevocationSet(file: Array(pem.utf8))
        }
    }
}

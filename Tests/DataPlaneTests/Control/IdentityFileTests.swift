import BoringTLS
import DataPlaneTestSupport
import Foundation
import MeshIdentity
import MeshModel
import Testing

@testable import DataPlane

@Suite("Identity file")
struct IdentityFileTests {
    private let authority: TestAuthority
    private let place: TestFile
    private let file: IdentityFile
    private let identity: SPIFFEID
    private let now = Int64(Date().timeIntervalSince1970)

    init() throws {
        authority = try TestAuthority()
        place = try TestFile()
        file = IdentityFile(place.path)
        identity = try TestMesh.identity("printer")
    }

    private func mode() throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: place.path)[.posixPermissions] as? Int
    }

    private func key(_ content: IdentityFile.Content?) -> [UInt8]? {
        switch content {
        case .key(let key)?, .outsideValidity(let key)?: key.publicKeyHash
        case .identity(let issued)?: issued.svid.credentials.key.publicKeyHash
        case nil: nil
        }
    }

    @Test("what is written is read again, and only its owner may read it")
    func kept() throws {
        #expect(try file.read(for: identity, now: now) == nil)
        let first = try PrivateKey()
        try file.write(first)
        #expect(try mode() == 0o600)
        #expect(key(try file.read(for: identity, now: now)) == first.publicKeyHash)
        let issued = try authority.issue(identity, serial: 7)
        try file.write(issued)
        #expect(try mode() == 0o600)
        guard case .identity(let read)? = try file.read(for: identity, now: now) else {
            Issue.record("no identity")
            return
        }
        #expect(read.svid.serial == "7")
        #expect(read.svid.credentials.chain == issued.svid.credentials.chain)
        #expect(read.bundle == issued.bundle)
        #expect(read.svid.credentials.key.publicKeyHash == issued.svid.credentials.key.publicKeyHash)
        #expect(!FileManager.default.fileExists(atPath: "\(place.path).new"))
    }

    @Test("a directory that is missing is made for its owner only")
    func directory() throws {
        let nested = "\(place.path)/identity.json"
        try IdentityFile(nested).write(try PrivateKey())
        let attributes = try FileManager.default.attributesOfItem(atPath: place.path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(try IdentityFile(nested).read(for: identity, now: now) != nil)
    }

    @Test(
        "a certificate that does not hold gives its key, by whichever side the clock is wrong",
        arguments: [-90, 3_700]
    )
    func validity(_ seconds: Int64) throws {
        let issued = try authority.issue(identity)
        try file.write(issued)
        guard case .outsideValidity(let key)? = try file.read(for: identity, now: now + seconds * 2) else {
            Issue.record("it holds")
            return
        }
        #expect(key.publicKeyHash == issued.svid.credentials.key.publicKeyHash)
    }

    @Test("another identity, also of another trust domain, is refused by name")
    func identities() throws {
        try file.write(try authority.issue(identity))
        let others = [
            try TestMesh.identity("echo"),
            try SPIFFEID(trustDomain: "other.local", namespace: "demo", serviceAccount: "printer"),
        ]
        for other in others {
            let failure = #expect(throws: IdentityFile.Failure.self) { try file.read(for: other, now: now) }
            #expect(failure?.description.contains(place.path) == true)
            #expect(failure?.description.contains("\(identity)") == true)
        }
    }

    @Test("a file that others may read or write is refused", arguments: [0o640, 0o604, 0o620, 0o666])
    func modes(_ mode: Int) throws {
        try file.write(try authority.issue(identity))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: place.path)
        let failure = #expect(throws: IdentityFile.Failure.self) { try file.read(for: identity, now: now) }
        #expect(failure?.description.contains("mode \(String(mode, radix: 8))") == true)
    }

    @Test("a link, a directory, too much and what is no such document are refused")
    func garbage() throws {
        try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: "/etc/hostname")
        #expect(throws: IdentityFile.Failure.self) { try file.read(for: identity, now: now) }
        try place.remove()
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: false)
        #expect(throws: IdentityFile.Failure.self) { try file.read(for: identity, now: now) }
        #expect(throws: IdentityFile.Failure.self) { try file.write(try PrivateKey()) }
        try place.remove()
        let texts = [
            "", "[]", "{}", #"{"version":2,"key":"x"}"#, #"{"version":1}"#, #"{"version":1,"key":"x"}"#,
            String(repeating: " ", count: IdentityFile.byteLimit + 1),
        ]
        for text in texts {
            try place.write(text)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path)
            #expect(throws: IdentityFile.Failure.self) { try file.read(for: identity, now: now) }
        }
    }

    @Test("a write that was cut short leaves the old file, and the next one succeeds")
    func interrupted() throws {
        try file.write(try authority.issue(identity, serial: 7))
        try Data("half".utf8).write(to: URL(filePath: "\(place.path).new"))
        guard case .identity(let read)? = try file.read(for: identity, now: now) else {
            Issue.record("no identity")
            return
        }
        #expect(read.svid.serial == "7")
        try file.write(try authority.issue(identity, serial: 8))
        #expect(!FileManager.default.fileExists(atPath: "\(place.path).new"))
    }
}

import CertificateAuthority
import Foundation
import Testing

@Suite struct StateDirectoryTests {
    @Test func makesAPrivateDirectory() throws {
        let parent = try TemporaryDirectory()
        let path = "\(parent.path)/state"
        _ = try StateDirectory(path: path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
    }

    @Test(arguments: [0o750, 0o705, 0o770, 0o777, 0o710])
    func refusesADirectoryThatOthersCanReach(_ mode: Int) throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory.path)
        let error = #expect(throws: AuthorityError.self) { try StateDirectory(path: directory.path) }
        #expect(error?.code == .stateUnsafe)
    }

    @Test func refusesASecondOwner() throws {
        let directory = try TemporaryDirectory()
        let first = try StateDirectory(path: directory.path)
        let error = #expect(throws: AuthorityError.self) { try StateDirectory(path: directory.path) }
        #expect(error?.code == .stateInUse)
        withExtendedLifetime(first) {}
    }

    @Test func keepsWhatItIsGivenAndNobodyElseCanRead() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        #expect(try state.read("key") == nil)
        try state.write("key", Array("one".utf8))
        try state.write("key", Array("two".utf8))
        #expect(try state.read("key") == Array("two".utf8))
        let facts = try FileManager.default.attributesOfItem(atPath: "\(directory.path)/key")
        #expect(facts[.posixPermissions] as? Int == 0o600)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(Set(files) == ["key", "lock"], "nothing is left beside it")
    }

    @Test func removesWhatACrashLeftBesideTheFiles() throws {
        let directory = try TemporaryDirectory()
        for name in [".root.pem.123.new", ".hidden", "other.new"] {
            try Data("half a key".utf8).write(to: URL(filePath: "\(directory.path)/\(name)"))
        }
        let state = try StateDirectory(path: directory.path)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(Set(files) == [".hidden", "other.new", "lock"])
        withExtendedLifetime(state) {}
    }

    @Test func refusesAFileThatOthersCanRead() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        try state.write("key", [1])
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: "\(directory.path)/key")
        let error = #expect(throws: AuthorityError.self) { try state.read("key") }
        #expect(error?.code == .stateUnsafe)
    }

    @Test func refusesAFileThatIsTooLargeOrALink() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        try state.write("key", [UInt8](repeating: 0, count: 11))
        #expect(throws: AuthorityError.self) { try state.read("key", limit: 10) }
        #expect(try state.read("key", limit: 11)?.count == 11)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory.path)/link",
            withDestinationPath: "\(directory.path)/key"
        )
        #expect(throws: AuthorityError.self) { try state.read("link") }
    }
}

import AWSClient
import Testing

struct ProfileFileTests {
    @Test
    func readsProfilesOfTheConfigurationFile() throws {
        let file = try ProfileFile(
            parsing: """
                # a comment
                [default]
                region = us-east-1 # where
                output=json

                [profile  team one]
                role_arn = arn:aws:iam::111122223333:role/x
                s3 =
                  max_concurrent_requests = 20
                \tregion = ignored
                ; another
                [profile "quoted"]
                Region=eu-west-1
                [sso-session s]
                region = nowhere
                [profile empty]
                """,
            kind: .configuration
        )
        #expect(file.profiles["default"] == ["region": "us-east-1", "output": "json"])
        #expect(file.profiles["team one"] == ["role_arn": "arn:aws:iam::111122223333:role/x", "s3": ""])
        #expect(file.profiles["quoted"] == ["region": "eu-west-1"])
        #expect(file.profiles["empty"] == [:])
        #expect(file.profiles.count == 4)
    }

    @Test
    func keepsAHashInsideASecret() throws {
        let file = try ProfileFile(parsing: "[a]\r\naws_secret_access_key = ab#c;d=\r\n", kind: .credentials)
        #expect(file.profiles["a"]?["aws_secret_access_key"] == "ab#c;d=")
    }

    @Test
    func credentialsWinOverConfiguration() throws {
        var file = try ProfileFile(parsing: "[profile a]\nx=1\ny=1", kind: .configuration)
        file.merge(try ProfileFile(parsing: "[a]\ny=2\n[b]\nz=3", kind: .credentials))
        #expect(file.profiles == ["a": ["x": "1", "y": "2"], "b": ["z": "3"]])
    }

    @Test(arguments: [("x=1", 1), ("[a]\nnonsense", 2), ("[a", 1), ("\n\n[a]\n=\nword", 5)])
    func namesTheLineThatIsNeitherSectionNorSetting(_ text: String, _ line: Int) {
        #expect(throws: ProfileFileError.malformed(line: line)) { try ProfileFile(parsing: text, kind: .credentials) }
    }

    @Test
    func refusesAHugeFile() {
        let text = String(repeating: "#", count: ProfileFile.maximumBytes + 1)
        #expect(throws: ProfileFileError.tooLarge(text.count)) { try ProfileFile(parsing: text, kind: .credentials) }
    }
}

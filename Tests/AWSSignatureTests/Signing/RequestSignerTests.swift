import AWSSignature
import Testing

struct RequestSignerTests {
    static let credentials = SignatureCredentials(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        sessionToken: "TOKENEXAMPLE=="
    )
    static let date = SigningDate(parsing: "20260102T030405Z")

    static let callerIdentity = SignableRequest(
        method: "POST",
        headers: [
            HeaderField("Host", "sts.us-east-1.amazonaws.com"),
            HeaderField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            HeaderField("X-Tulle-Audience", "mesh.example/cp"),
            HeaderField("X-Tulle-Nonce", "bm9uY2U"),
        ],
        payload: .bytes(Array("Action=GetCallerIdentity&Version=2011-06-15".utf8))
    )

    @Test
    func signsGetCallerIdentityAsBotocoreDoes() throws {
        let signature = RequestSigner(region: "us-east-1", service: "sts")
            .sign(
                Self.callerIdentity,
                credentials: Self.credentials,
                at: try #require(Self.date),
                digest: CryptoDigest.self
            )
        #expect(
            signature.authorization.signedHeaders.joined(separator: ";")
                == "content-type;host;x-amz-date;x-amz-security-token;x-tulle-audience;x-tulle-nonce"
        )
        #expect(
            Hexadecimal.encode(CryptoDigest.sha256(Array(signature.canonicalRequest.utf8)))
                == "f95d810bc949c4d8328abaf465480696e88e03809b52bd08bed08e3396d9e84c"
        )
        #expect(
            signature.authorization.signature == "073b975b0762aa14d021616ab24610bef600f14175990aa86ed67084ebb00cdd"
        )
    }

    @Test
    func signsDescribeTasksAsBotocoreDoes() throws {
        let request = SignableRequest(
            method: "POST",
            headers: [
                HeaderField("Host", "ecs.eu-west-1.amazonaws.com"),
                HeaderField("Content-Type", "application/x-amz-json-1.1"),
                HeaderField("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeTasks"),
            ],
            payload: .bytes(Array(#"{"cluster":"c1","tasks":["t"]}"#.utf8))
        )
        let signature = RequestSigner(region: "eu-west-1", service: "ecs")
            .sign(request, credentials: Self.credentials, at: try #require(Self.date), digest: CryptoDigest.self)
        #expect(
            Hexadecimal.encode(CryptoDigest.sha256(Array(signature.canonicalRequest.utf8)))
                == "bb210180b294027b73b30adf564502f55087c966745e5e7914de2412319dde3b"
        )
        #expect(
            signature.authorization.signature == "64c7b6a5ffc8b4b95b96b19bd67d09e49ce5ad348f57d6910a5a7cf955ecb5b5"
        )
    }

    @Test
    func signingASignedRequestAgainGivesTheSameSignature() throws {
        let date = try #require(Self.date)
        let signer = RequestSigner(region: "us-east-1", service: "sts")
        let first = signer.sign(
            Self.callerIdentity,
            credentials: Self.credentials,
            at: date,
            digest: CryptoDigest.self
        )
        var again = Self.callerIdentity
        again.headers = first.apply(to: again.headers)
        let second = signer.sign(again, credentials: Self.credentials, at: date, digest: CryptoDigest.self)
        #expect(first == second)
        #expect(second.apply(to: again.headers).count == again.headers.count)
    }

    @Test
    func coversOnlyTheChosenHeadersAndThoseItMust() throws {
        let signature = RequestSigner(region: "us-east-1", service: "sts")
            .sign(
                Self.callerIdentity,
                credentials: Self.credentials,
                at: try #require(Self.date),
                selection: .only(["x-tulle-nonce"]),
                digest: CryptoDigest.self
            )
        #expect(
            signature.authorization.signedHeaders == ["host", "x-amz-date", "x-amz-security-token", "x-tulle-nonce"]
        )
    }

    @Test
    func neverShowsTheSecret() {
        var dumped = ""
        dump(Self.credentials, to: &dumped)
        for text in ["\(Self.credentials)", String(reflecting: Self.credentials), dumped] {
            #expect(!text.contains("wJalr"))
            #expect(!text.contains("TOKEN"))
        }
    }
}

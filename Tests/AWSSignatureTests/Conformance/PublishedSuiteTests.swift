import AWSSignature
import Foundation
import Testing

/// AWS's own test suite; `scripts/fetch-sigv4-suite.sh` puts it into `out/sigv4`.
struct PublishedSuiteTests {
    static let root: URL =
        ProcessInfo.processInfo.environment["TULLE_SIGV4_SUITE"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "out/sigv4/aws4_testsuite")

    static let cases: [String] =
        (FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? [])
        .filter { $0.hasSuffix(".req") }
        .map { String($0.dropLast(4)) }
        .sorted()

    @Test(.enabled(if: !cases.isEmpty, "run scripts/fetch-sigv4-suite.sh first"), arguments: cases)
    func everyCaseMatchesInAllItsSteps(_ name: String) throws {
        func part(_ suffix: String) throws -> String {
            try String(contentsOf: Self.root.appending(path: "\(name).\(suffix)"), encoding: .utf8)
                .replacing("\r\n", with: "\n")
        }
        let expectedRequest = try part("creq")
        let token = expectedRequest.split(separator: "\n")
            .first { $0.hasPrefix("x-amz-security-token:") }
            .map { String($0.dropFirst("x-amz-security-token:".count)) }
        let signer = RequestSigner(region: "us-east-1", service: "service")
        let signature = signer.sign(
            try Self.request(try part("req")),
            credentials: SignatureCredentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                sessionToken: token
            ),
            at: try #require(SigningDate(parsing: "20150830T123600Z")),
            digest: CryptoDigest.self
        )
        #expect(signature.canonicalRequest == expectedRequest)
        #expect(signature.stringToSign == (try part("sts")))
        #expect(signature.authorization.description == (try part("authz")))
    }

    /// Reads the raw request of a case: a header line that starts with white space goes on with the one before it.
    private static func request(_ text: String) throws -> SignableRequest {
        let halves = text.split(separator: "\n\n", maxSplits: 1)
        var lines = (halves.first ?? "").split(separator: "\n")[...]
        let first = lines.popFirst()
        let requestLine = try #require(first)
        let method = try #require(requestLine.split(separator: " ").first)
        let target = requestLine.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
        let parts = target.split(separator: "?", maxSplits: 1)
        var headers: [HeaderField] = []
        for line in lines {
            if line.first == " ", let last = headers.popLast() {
                headers.append(HeaderField(last.name, last.value + line))
            } else {
                let pair = line.split(separator: ":", maxSplits: 1)
                headers.append(HeaderField(String(pair.first ?? ""), String(pair.dropFirst().first ?? "")))
            }
        }
        return SignableRequest(
            method: String(method),
            path: String(parts.first ?? ""),
            query: QueryItem.items(ofEncodedQuery: parts.dropFirst().first ?? ""),
            headers: headers,
            payload: .bytes(Array((halves.dropFirst().first ?? "").utf8))
        )
    }
}

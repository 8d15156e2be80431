import NIOHTTP1
import Testing

@testable import ControlPlane

@Suite struct AdminGuardTests {
    private func check(
        _ method: HTTPMethod,
        _ headers: HTTPHeaders,
        isLoopback: Bool = true
    ) -> AdminFault.Code? {
        do throws(AdminFault) {
            try AdminGuard(isLoopback: isLoopback).check(
                HTTPRequestHead(version: .http1_1, method: method, uri: "/v1/version", headers: headers)
            )
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: ["localhost", "LOCALHOST:15014", "127.0.0.1", "127.0.0.1:15014", "127.1.2.3", "[::1]", "[::1]:1"])
    func loopbackByItsNames(_ host: String) {
        #expect(self.check(.GET, ["host": host]) == nil)
    }

    @Test(arguments: [
        "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:", "127.0.0.1:x",
        "10.0.0.1:15014", "[::2]:15014", "[::1", "[::1]x", "localhost:99999", "0.0.0.0", "127.0.0", "127.0.0.256",
    ])
    func anotherHostIsRefusedOnLoopback(_ host: String) {
        #expect(self.check(.GET, ["host": host]) == .foreignHost)
        #expect(self.check(.GET, ["host": host], isLoopback: false) == nil, "elsewhere it may have any name")
    }

    @Test func oneHostOnly() {
        #expect(self.check(.GET, [:]) == .foreignHost)
        #expect(self.check(.GET, ["host": "localhost", "Host": "localhost"]) == .foreignHost)
    }

    @Test(arguments: [HTTPMethod.POST, .PUT, .DELETE], ["origin", "sec-fetch-site"])
    func browsersDoNotWrite(_ method: HTTPMethod, _ header: String) {
        #expect(self.check(method, ["host": "localhost", header: "null"]) == .foreignOrigin)
        #expect(self.check(method, ["host": "localhost"]) == nil)
        #expect(self.check(.GET, ["host": "localhost", header: "none"]) == nil, "they may read")
    }

    @Test func otherMethodsAreRefused() {
        for method in [HTTPMethod.PATCH, .OPTIONS, .TRACE, .CONNECT, .RAW(value: "BREW")] {
            #expect(self.check(method, ["host": "localhost"]) == .methodNotAllowed)
        }
    }

    @Test func theHeadIsBounded() {
        let size = AdminRequest.headBytes - "/v1/version".utf8.count - "host".utf8.count - "localhost".utf8.count - 9
        #expect(self.check(.GET, ["host": "localhost", "x": String(repeating: "a", count: size)]) == nil)
        #expect(self.check(.GET, ["host": "localhost", "x": String(repeating: "a", count: size + 1)]) == .headTooLarge)
    }

    @Test(arguments: [
        "application/json", "Application/JSON; charset=utf-8", "application/yaml", "text/yaml", "application/x-yaml",
    ])
    func mediaTypesThatAreRead(_ type: String) {
        #expect(throws: Never.self) { try AdminGuard.mediaType(["content-type": type]) }
    }

    @Test(arguments: ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    func mediaTypesThatAPageMaySendAreRefused(_ type: String) {
        #expect(throws: AdminFault.self) { try AdminGuard.mediaType(["content-type": type]) }
        #expect(throws: AdminFault.self) { try AdminGuard.mediaType([:]) }
    }
}

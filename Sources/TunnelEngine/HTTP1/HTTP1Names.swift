/// Names of fields that are too long for a small string and come often: they are not made anew each time.
enum HTTP1Names {
    /// The name in lower case.
    static func name(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.count > 15, let known = self.known(bytes) { return known }
        return HTTP1Bytes.loweredText(bytes)
    }

    private static func known(_ bytes: UnsafeRawBufferPointer) -> String? {
        func has(_ text: StaticString) -> Bool { HTTP1Bytes.isEqual(bytes, ignoringCase: text) }
        switch bytes.count {
        case 16:
            if has("content-encoding") { return "content-encoding" }
            if has("x-forwarded-host") { return "x-forwarded-host" }
            if has("www-authenticate") { return "www-authenticate" }
        case 17:
            if has("transfer-encoding") { return "transfer-encoding" }
            if has("x-forwarded-proto") { return "x-forwarded-proto" }
            if has("if-modified-since") { return "if-modified-since" }
            if has("sec-websocket-key") { return "sec-websocket-key" }
            if has("x-b3-parentspanid") { return "x-b3-parentspanid" }
        case 19:
            if has("content-disposition") { return "content-disposition" }
        case 20:
            if has("sec-websocket-accept") { return "sec-websocket-accept" }
            if has("grpc-accept-encoding") { return "grpc-accept-encoding" }
        case 21:
            if has("sec-websocket-version") { return "sec-websocket-version" }
            if has("x-envoy-attempt-count") { return "x-envoy-attempt-count" }
        case 25:
            if has("upgrade-insecure-requests") { return "upgrade-insecure-requests" }
            if has("strict-transport-security") { return "strict-transport-security" }
        case 27:
            if has("access-control-allow-origin") { return "access-control-allow-origin" }
        case 29:
            if has("x-envoy-upstream-service-time") { return "x-envoy-upstream-service-time" }
        default:
            break
        }
        return nil
    }
}

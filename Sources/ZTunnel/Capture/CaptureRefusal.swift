/// Why a request on the explicit proxy port was refused before anything was dialed.
package enum CaptureRefusal: String, Error, Sendable, CaseIterable {
    /// The first byte is neither SOCKS 5 nor the beginning of an HTTP method.
    case protocolUnknown = "proxy_protocol_unknown"
    /// The SOCKS messages break RFC 1928.
    case socksMalformed = "socks_malformed"
    /// The client offers no method that we have; we have "no authentication".
    case socksMethodRefused = "socks_method_refused"
    /// A SOCKS command other than CONNECT.
    case socksCommandRefused = "socks_command_refused"
    /// An address type other than IPv4, IPv6 and domain name.
    case socksAddressTypeRefused = "socks_address_type_refused"
    /// The host is no valid name, or the port is 0.
    case targetInvalid = "proxy_target_invalid"
    /// The HTTP request breaks RFC 9112, or could be read in two ways.
    case httpMalformed = "http_malformed"
    /// The HTTP head exceeds its limit.
    case httpHeadTooLarge = "http_head_too_large"
    /// An absolute URI with a scheme other than `http`.
    case httpSchemeRefused = "http_scheme_refused"
    /// A request for a path, as to a server; this port is a proxy.
    case httpNotAProxyRequest = "http_not_a_proxy_request"

    /// What the client did, and what would work.
    var hint: String {
        switch self {
        case .protocolUnknown: "this port speaks SOCKS 5 and HTTP CONNECT"
        case .socksMalformed: "the SOCKS message is malformed"
        case .socksMethodRefused: "offer the SOCKS method 0 (no authentication)"
        case .socksCommandRefused: "only the SOCKS command CONNECT is served"
        case .socksAddressTypeRefused: "use an IPv4, IPv6 or domain name address"
        case .targetInvalid: "the target must be a host name or address and a port from 1 to 65535"
        case .httpMalformed: "the HTTP request is malformed or ambiguous"
        case .httpHeadTooLarge: "the HTTP request head is too large"
        case .httpSchemeRefused: "plain requests are forwarded for http:// only; use CONNECT for anything else"
        case .httpNotAProxyRequest: "this port is a proxy; ask for http://host/path or use CONNECT"
        }
    }
}

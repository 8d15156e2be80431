/// The variables that make ordinary clients dial through ztunnel's proxy port (capture mode socks).
enum ProxyEnvironment {
    /// Names with values, in the order they are written. Upper and lower case both, because clients differ: curl reads
    /// `http_proxy` in lower case only. `socks5h` leaves names to ztunnel. HTTP libraries get an HTTP proxy, because
    /// many of them fail on any other scheme there.
    static let variables: [(name: String, value: String)] = {
        let socks = "socks5h://127.0.0.1:\(ZTunnelPorts.proxy)"
        let http = "http://127.0.0.1:\(ZTunnelPorts.proxy)"
        let direct = "169.254.170.2,169.254.169.254,localhost,127.0.0.1"
        let pairs = [("ALL_PROXY", socks), ("HTTP_PROXY", http), ("HTTPS_PROXY", http), ("NO_PROXY", direct)]
        return pairs.flatMap { [(name: $0.0, value: $0.1), (name: $0.0.lowercased(), value: $0.1)] }
    }()
}

import MeshModel
import MeshProtos

/// Values that several messages of the wire have in common. Fields' names are only put together for an error.
enum WireValue {
    static func ip(_ bytes: [UInt8], _ field: @autoclosure () -> String) throws(ConversionError) -> IPAddress {
        guard let ip = IPAddress(bytes: bytes) else {
            throw ConversionError(field(), "\(bytes.count) bytes", allowed: "an address has 4 or 16")
        }
        return ip.canonical
    }

    static func port(_ number: UInt32, _ field: @autoclosure () -> String) throws(ConversionError) -> UInt16 {
        guard let port = UInt16(exactly: number) else {
            throw ConversionError(field(), number, allowed: "ports are 0 to 65535")
        }
        return port
    }

    /// The length of a prefix of `ip`; an IPv4-mapped address has become IPv4, so its length loses 96.
    static func prefixLength(
        _ length: UInt32,
        of bytes: [UInt8],
        _ field: @autoclosure () -> String
    ) throws(ConversionError) -> (base: IPAddress, length: Int) {
        let base = try self.ip(bytes, field())
        let bits = bytes.count * 8
        guard length <= bits else { throw ConversionError("\(field()).length", length, allowed: "0 to \(bits)") }
        guard base.isV4, bits == 128 else { return (base, Int(length)) }
        guard length >= 96 else {
            throw ConversionError("\(field()).length", length, allowed: "an IPv4-mapped block has 96 to 128")
        }
        return (base, Int(length) - 96)
    }

    static func ports(
        _ wire: [IstioWorkload.Port],
        _ field: @autoclosure () -> String
    ) throws(ConversionError) -> [ServicePort] {
        var ports: [ServicePort] = []
        for port in wire {
            let number = try self.port(port.servicePort, "\(field()).service_port")
            guard number > 0 else { throw ConversionError("\(field()).service_port", 0, allowed: "1 to 65535") }
            let target = try self.port(port.targetPort, "\(field()).target_port")
            ports.append(ServicePort(port: number, targetPort: target, appProtocol: self.appProtocol(port.appProtocol)))
        }
        return ports
    }

    /// A hint, so an unknown one is no reason to refuse.
    private static func appProtocol(_ wire: IstioWorkload.AppProtocol) -> ServicePort.AppProtocol {
        switch wire {
        case .http11: .http11
        case .http2: .http2
        case .grpc: .grpc
        case .tcp: .tcp
        case .tls: .tls
        default: .unknown
        }
    }

    /// Reads gateways of `field`.
    static func gateway(
        _ field: String
    ) -> (IstioWorkload.GatewayAddress) throws(ConversionError) -> GatewayAddress {
        { wire throws(ConversionError) in
            let port = try self.port(wire.hboneMTLSPort, "\(field).hbone_mtls_port")
            switch wire.destination {
            case .hostname(let name):
                let key = NamespacedHostname(namespace: name.namespace, hostname: name.hostname)
                return GatewayAddress(destination: .hostname(key), hbonePort: port)
            case .address(let address):
                let ip = try self.ip(address.address, "\(field).address")
                let destination = NetworkAddress(network: address.network, ip: ip)
                return GatewayAddress(destination: .address(destination), hbonePort: port)
            case nil:
                throw ConversionError("\(field).destination", "empty", allowed: "a host name or an address")
            }
        }
    }
}

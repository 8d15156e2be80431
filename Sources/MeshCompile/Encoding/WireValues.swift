import MeshModel
import MeshProtos

extension ServicePort {
    var message: IstioWorkload.Port {
        IstioWorkload.Port.with {
            $0.servicePort = UInt32(self.port)
            $0.targetPort = UInt32(self.targetPort)
            switch self.appProtocol {
            case .unknown: $0.appProtocol = .unknown
            case .http11: $0.appProtocol = .http11
            case .http2: $0.appProtocol = .http2
            case .grpc: $0.appProtocol = .grpc
            case .tcp: $0.appProtocol = .tcp
            case .tls: $0.appProtocol = .tls
            }
        }
    }
}

extension GatewayAddress {
    var message: IstioWorkload.GatewayAddress {
        IstioWorkload.GatewayAddress.with {
            $0.hboneMTLSPort = UInt32(self.hbonePort)
            switch self.destination {
            case .hostname(let name):
                $0.destination = .hostname(
                    IstioWorkload.NamespacedHostname.with {
                        $0.namespace = name.namespace
                        $0.hostname = name.hostname
                    }
                )
            case .address(let address):
                $0.destination = .address(
                    IstioWorkload.NetworkAddress.with {
                        $0.network = address.network
                        $0.address = address.ip.bytes
                    }
                )
            }
        }
    }
}

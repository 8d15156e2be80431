extension IstioWorkload {
    /// How a workload is reached.
    package struct TunnelProtocol: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Plain TCP.
        package static let none = Self(rawValue: 0)
        /// HTTP/2 CONNECT over mutual TLS.
        package static let hbone = Self(rawValue: 1)
        /// Istio's sidecar protocol, which ambient does not speak.
        package static let legacyIstioMTLS = Self(rawValue: 2)
    }
}

extension IstioWorkload {
    /// What kind of controller owns a workload.
    package struct WorkloadType: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// A long-running set.
        package static let deployment = Self(rawValue: 0)
        /// A schedule of jobs.
        package static let cronJob = Self(rawValue: 1)
        /// Nothing: the workload stands alone.
        package static let pod = Self(rawValue: 2)
        /// A run to completion.
        package static let job = Self(rawValue: 3)
    }
}

extension IstioWorkload {
    /// Whether a workload takes new connections.
    package struct WorkloadStatus: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// It does.
        package static let healthy = Self(rawValue: 0)
        /// It does not.
        package static let unhealthy = Self(rawValue: 1)
    }
}

extension IstioWorkload {
    /// Which network a workload lives in.
    package struct NetworkMode: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Its own.
        package static let standard = Self(rawValue: 0)
        /// Its host's, so its address is not its alone.
        package static let hostNetwork = Self(rawValue: 1)
    }
}

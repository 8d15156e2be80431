import MeshConfig
import MeshProtos

extension ClusterCompilation {
    func loadBalancer(_ policy: TrafficPolicy, of service: ResolvedService) -> TulleL7.LoadBalancer? {
        let value = policy.loadBalancer
        let balancer = TulleL7.LoadBalancer.with {
            switch value?.text("simple") {
            case "ROUND_ROBIN": $0.algorithm = .roundRobin
            case "RANDOM": $0.algorithm = .random
            default: $0.algorithm = .leastRequest
            }
            if let hash = value?["consistentHash"] {
                $0.hash = Self.hash(hash)
                if let maglev = hash["maglev"] {
                    $0.algorithm = .maglev
                    $0.tableSize = maglev.count("tableSize") ?? 0
                } else {
                    $0.algorithm = .ringHash
                    $0.ringSize = hash["ringHash"]?.count("minimumRingSize") ?? 0
                }
            }
            $0.slowStart = value.flatMap(Self.slowStart)
            $0.locality = self.locality(policy, of: service)
        }
        return balancer == TulleL7.LoadBalancer() ? nil : balancer
    }

    private static func hash(_ value: ConfigValue) -> TulleL7.HashKey {
        TulleL7.HashKey.with {
            if let name = value.text("httpHeaderName") {
                $0.kind = .header
                $0.name = name.lowercased()
            } else if let name = value.text("httpQueryParameterName") {
                $0.kind = .query
                $0.name = name
            } else if let cookie = value["httpCookie"] {
                $0.kind = .cookie
                $0.name = cookie.text("name") ?? ""
                $0.cookiePath = cookie.text("path") ?? ""
                if let ttl = cookie.milliseconds("ttl") {
                    $0.makesCookie = true
                    $0.cookieSeconds = ttl / 1000
                }
                $0.cookieAttributes = cookie.list("attributes").map { attribute in
                    TulleL7.Header.with {
                        $0.name = attribute.text("name") ?? ""
                        $0.value = attribute.text("value") ?? ""
                    }
                }
            } else {
                $0.kind = .sourceIp
            }
        }
    }

    private static func slowStart(_ value: ConfigValue) -> TulleL7.SlowStart? {
        let window = value["warmup"]?.milliseconds("duration") ?? value.milliseconds("warmupDurationSecs")
        guard let window, window > 0 else { return nil }
        return TulleL7.SlowStart.with {
            $0.windowMilliseconds = window
            $0.minimumPercent = UInt32((value["warmup"]?["minimumPercent"]?.number ?? 10).rounded(.up))
            $0.aggression = UInt32((value["warmup"]?["aggression"]?.number ?? 1) * 1000)
        }
    }

    // MARK: Locality

    /// The rule's own word, else the service's, else the mesh's. Priorities need outlier detection, but where the service
    /// asks for them.
    private func locality(_ policy: TrafficPolicy, of service: ResolvedService) -> TulleL7.Locality? {
        let panic = policy.outlierDetection?.count("minHealthPercent") ?? 0
        // A waypoint does not know how its own instances are spread, so this is failing over by place, always.
        if let zones = policy.loadBalancer?["zoneAwareLbSetting"], zones["enabled"]?.flag != false {
            return TulleL7.Locality.with {
                $0.mode = .failover
                $0.panicPercent = panic
            }
        }
        let own = policy.loadBalancer?["localityLbSetting"]
        if own?["enabled"]?.flag == false { return nil }
        if let own {
            return Self.locality(own, hasOutlierDetection: policy.outlierDetection != nil, panic: panic)
        }
        if let distribution = service.distribution {
            return TulleL7.Locality.with {
                $0.mode = .priority
                $0.priority = distribution.priority
                $0.panicPercent = panic
            }
        }
        let mesh = self.mesh.config.traffic["localityLbSetting"]
        if mesh?["enabled"]?.flag == false { return nil }
        return Self.locality(mesh ?? .null, hasOutlierDetection: policy.outlierDetection != nil, panic: panic)
    }

    private static func locality(_ value: ConfigValue, hasOutlierDetection: Bool, panic: UInt32) -> TulleL7.Locality? {
        let shares = value.list("distribute")
        guard shares.isEmpty else {
            return TulleL7.Locality.with {
                $0.mode = .distribute
                $0.distribute = shares.map { entry in
                    TulleL7.Locality.Distribute.with {
                        $0.from = entry.text("from") ?? ""
                        $0.to = (entry["to"]?.entries ?? [:]).sorted { $0.key < $1.key }.map { place, share in
                            TulleL7.Locality.Share.with {
                                $0.place = place
                                $0.percent = UInt32(clamping: share.integer ?? 0)
                            }
                        }
                    }
                }
                $0.panicPercent = panic
            }
        }
        guard hasOutlierDetection else { return nil }
        let priority = value.texts("failoverPriority")
        return TulleL7.Locality.with {
            $0.mode = priority.isEmpty ? .failover : .priority
            $0.priority = priority
            $0.failover = value.list("failover").map { entry in
                TulleL7.Locality.Failover.with {
                    $0.from = entry.text("from") ?? ""
                    $0.to = entry.text("to") ?? ""
                }
            }
            $0.panicPercent = panic
        }
    }
}

extension TrafficDistribution {
    /// The same as labels in the order of their importance. The first four are known of every workload.
    var priority: [String] {
        let zone = ["topology.istio.io/network", "topology.kubernetes.io/region", "topology.kubernetes.io/zone"]
        return switch self {
        case .sameZone: zone
        case .sameNode, .onlyNode: zone + ["topology.istio.io/subzone", "kubernetes.io/hostname"]
        }
    }
}

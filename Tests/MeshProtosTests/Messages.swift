@testable import MeshProtos

/// Messages made in Swift, one that has every kind of value for each type.
enum Messages {
    static let check = EnvoyAuth.CheckRequest.with {
        $0.attributes = .with {
            $0.source = .with {
                $0.address = .with {
                    $0.socketAddress = .with {
                        $0.address = "10.0.0.1"
                        $0.portValue = 41000
                    }
                }
                $0.principal = "spiffe://td/ns/a/sa/b"
            }
            $0.request = .with {
                $0.time = .with { $0.seconds = 1_234_567_890 }
                $0.http = .with {
                    $0.method = "POST"
                    $0.headers = [":path": "/", "x-a": ""]
                    $0.size = -1
                    $0.rawBody = [0xff]
                }
            }
            $0.tlsSession = .with { $0.sni = "a.example" }
        }
    }

    static let allowance = EnvoyAuth.CheckResponse.with {
        $0.status = GoogleRPCStatus()
        $0.answer = .ok(
            .with {
                $0.headers = [
                    .with {
                        $0.header = .with { $0.key = "x-user" }
                        $0.append = .with { $0.value = true }
                        $0.appendAction = .overwriteIfExists
                    }
                ]
                $0.headersToRemove = ["x-secret"]
            }
        )
    }

    static let workload = IstioWorkload.Workload.with {
        $0.name = "7f3c"
        $0.namespace = "shop"
        $0.addresses = [[10, 0, 12, 34], Array(repeating: 0xfd, count: 16)]
        $0.network = "vpc-1"
        $0.tunnelProtocol = .hbone
        $0.trustDomain = "example.org"
        $0.serviceAccount = "orders"
        $0.waypoint = .with {
            $0.destination = .hostname(
                .with {
                    $0.namespace = "shop"
                    $0.hostname = "wp.shop.mesh.internal"
                }
            )
            $0.hboneMTLSPort = 15008
        }
        $0.node = "i-0abc"
        $0.canonicalName = "orders"
        $0.canonicalRevision = "42"
        $0.workloadType = .job
        $0.workloadName = "orders"
        $0.nativeTunnel = true
        $0.authorizationPolicies = ["shop/a", ""]
        $0.status = .unhealthy
        $0.clusterID = "ecs"
        $0.networkGateway = .with {
            $0.destination = .address(
                .with {
                    $0.network = "n2"
                    $0.address = [1, 2, 3, 4]
                    $0.length = 0
                }
            )
            $0.hboneMTLSPort = 15009
        }
        $0.uid = "ecs/ecs.amazonaws.com/Task/shop/7f3c"
        $0.hostname = "db.example.org"
        $0.services = [
            "shop/orders.shop.mesh.internal": .with {
                $0.ports = [
                    .with {
                        $0.servicePort = 80
                        $0.targetPort = 8080
                        $0.appProtocol = .http11
                    }
                ]
            },
            "a/b": .init(),
        ]
        $0.applicationTunnel = .with {
            $0.proto = .proxy
            $0.port = 15088
        }
        $0.locality = .with {
            $0.region = "eu-west-1"
            $0.zone = "eu-west-1b"
            $0.subzone = "rack"
        }
        $0.networkMode = .hostNetwork
        $0.extensions = [
            .with {
                $0.name = "x"
                $0.config = .with {
                    $0.typeURL = "t"
                    $0.value = [1]
                }
            }
        ]
        $0.capacity = .with { $0.value = 0 }
    }

    static let service = IstioWorkload.Service.with {
        $0.name = "orders"
        $0.namespace = "shop"
        $0.hostname = "orders.shop.mesh.internal"
        $0.addresses = [
            .with {
                $0.network = "vpc-1"
                $0.address = [240, 240, 3, 7]
            }
        ]
        $0.ports = (UInt32(1)...40).map { number in
            .with {
                $0.servicePort = number
                $0.targetPort = 65535
            }
        }
        $0.subjectAltNames = ["spiffe://a/ns/b/sa/c"]
        $0.loadBalancing = .with {
            $0.routingPreference = [.network, .region, .zone, .init(rawValue: -7)]
            $0.mode = .failover
            $0.healthPolicy = .allowAll
        }
        $0.ipFamilies = .dual
        $0.isCanonical = true
        $0.ingressUsesWaypoint = true
        $0.weightedWaypoints = [
            .with {
                $0.weight = 75
                $0.destination = .init()
            }
        ]
        $0.visibility = .ownNamespace
    }

    static let authorization = IstioSecurity.Authorization.with {
        $0.name = "strict"
        $0.namespace = "tulle-system"
        $0.scope = .workloadSelector
        $0.action = .deny
        $0.isDryRun = true
        $0.rules = [
            .init(),
            .with {
                $0.clauses = [
                    .with {
                        $0.matches = [
                            .with {
                                $0.namespaces = [.with { $0.kind = .exact("") }]
                                $0.notPrincipals = [.with { $0.kind = .presence }, .with { $0.kind = .prefix("a/") }]
                                $0.principals = [.with { $0.kind = .suffix("/b") }, .init()]
                                $0.sourceIPs = [
                                    .with {
                                        $0.address = [10, 0, 0, 0]
                                        $0.length = 8
                                    }
                                ]
                                $0.notDestinationIPs = [.with { $0.address = Array(repeating: 1, count: 16) }]
                                $0.destinationPorts = [0, 80, 70000, .max]
                                $0.notDestinationPorts = [443]
                                $0.serviceAccounts = [
                                    .with {
                                        $0.namespace = "n"
                                        $0.serviceAccount = "s"
                                    }
                                ]
                            }
                        ]
                    }
                ]
            },
        ]
    }

    static let metadata = GoogleProtobuf.Struct.with {
        $0.fields = [
            "null": .init(.null), "number": .init(.number(-0.5)), "text": .init(.string("")),
            "flag": .init(.bool(false)), "list": .init(.list([.init(.bool(true)), .init(.list([]))])),
            "object": .init(.object(.with { $0.fields = ["k": .init(.string("v"))] })), "unset": .init(),
        ]
    }

    static let request = EnvoyDiscovery.DeltaDiscoveryRequest.with {
        $0.node = .with {
            $0.id = "ztunnel~10.0.0.1~a.b~b.svc.cluster.local"
            $0.cluster = "c"
            $0.metadata = metadata
            $0.locality = .with { $0.subZone = "s" }
        }
        $0.typeURL = IstioWorkload.addressTypeURL
        $0.resourceNamesSubscribe = ["*"]
        $0.resourceNamesUnsubscribe = ["b", "a"]
        $0.initialResourceVersions = ["é": "1", "e\u{301}x": "2", "z": ""]
        $0.responseNonce = "n"
        $0.errorDetail = .with {
            $0.code = -1
            $0.message = "m"
            $0.details = [.init()]
        }
    }

    static let response = EnvoyDiscovery.DeltaDiscoveryResponse.with {
        $0.systemVersionInfo = "v"
        $0.resources = [
            .with {
                $0.version = "1"
                $0.name = workload.uid
                $0.aliases = ["vpc-1/10.0.12.34"]
                $0.timeToLive = .with {
                    $0.seconds = -1
                    $0.nanos = -5
                }
                $0.resource = .with {
                    $0.typeURL = IstioWorkload.addressTypeURL
                    $0.value = IstioWorkload.Address.with { $0.kind = .workload(workload) }.serialized
                }
            }
        ]
        $0.typeURL = IstioWorkload.addressTypeURL
        $0.nonce = "n"
        $0.removedResources = ["gone"]
    }

    static let trace = OpenTelemetry.ExportTraceServiceRequest.with {
        $0.resourceSpans = [
            .with {
                $0.resource = .with { $0.attributes = [.init("service.name", "ztunnel")] }
                $0.scopeSpans = [
                    .with {
                        $0.scope = .with {
                            $0.name = "tulle"
                            $0.version = "1"
                        }
                        $0.spans = [
                            .with {
                                $0.traceID = Array(repeating: 7, count: 16)
                                $0.spanID = Array(repeating: 1, count: 8)
                                $0.parentSpanID = Array(repeating: 2, count: 8)
                                $0.name = "outbound"
                                $0.kind = .client
                                $0.startTimeUnixNano = 1_767_323_045_678_901_234
                                $0.endTimeUnixNano = .max
                                $0.attributes = [
                                    .init("tulle.bytes_sent", -3), .init("empty", ""), .init("zero", 0),
                                    .with {
                                        $0.key = "flag"
                                        $0.value = .with { $0.value = .boolValue(false) }
                                    },
                                ]
                                $0.status = .with {
                                    $0.message = "refused"
                                    $0.code = .error
                                }
                                $0.flags = 0x0000_0101
                            }
                        ]
                    }
                ]
            }
        ]
    }

    static let logs = OpenTelemetry.ExportLogsServiceRequest.with {
        $0.resourceLogs = [
            .with {
                $0.resource = .with { $0.attributes = [.init("service.name", "waypoint")] }
                $0.scopeLogs = [
                    .with {
                        $0.scope = .with { $0.name = "tulle.access" }
                        $0.logRecords = [
                            .with {
                                $0.timeUnixNano = 1_767_323_045_678_901_234
                                $0.observedTimeUnixNano = .max
                                $0.severityNumber = 9
                                $0.body = .with { $0.value = .stringValue("GET / 200") }
                                $0.attributes = [.init("response_code", 200)]
                                $0.flags = 1
                                $0.traceID = Array(repeating: 7, count: 16)
                                $0.spanID = Array(repeating: 1, count: 8)
                            }, .init(),
                        ]
                    }
                ]
            }
        ]
    }

    static let metrics = OpenTelemetry.ExportMetricsServiceRequest.with {
        $0.resourceMetrics = [
            .with { $0.scopeMetrics = [.with { $0.metrics = [Self.gauge, Self.sum, Self.histogram] }] }
        ]
    }

    private static let gauge = OpenTelemetry.Metric.with {
        $0.name = "open"
        $0.data = .gauge(
            .with { $0.dataPoints = [.with { $0.value = .asInt(-1) }, .with { $0.value = .asDouble(0) }] }
        )
    }

    private static let sum = OpenTelemetry.Metric.with {
        $0.name = "istio_requests_total"
        $0.description = "Requests."
        $0.unit = "1"
        $0.data = .sum(
            .with {
                $0.dataPoints = [
                    .with {
                        $0.startTimeUnixNano = 1
                        $0.timeUnixNano = .max
                        $0.value = .asInt(0)
                        $0.attributes = [.init("reporter", "waypoint")]
                    }
                ]
                $0.aggregationTemporality = .delta
                $0.isMonotonic = true
            }
        )
    }

    private static let histogram = OpenTelemetry.Metric.with {
        $0.data = .histogram(
            .with {
                $0.dataPoints = [
                    .with {
                        $0.count = 3
                        $0.sum = 0
                        $0.bucketCounts = [0, 1, .max]
                        $0.explicitBounds = [0.5, 1e9]
                    }, .init(),
                ]
                $0.aggregationTemporality = .cumulative
            }
        )
    }

    /// By the names of their types.
    static let all: [(String, any ProtoMessage)] = [
        ("istio.workload.Workload", workload),
        ("istio.workload.Service", service),
        ("istio.workload.Address", IstioWorkload.Address.with { $0.kind = .workload(workload) }),
        ("istio.workload.Address", IstioWorkload.Address.with { $0.kind = .service(service) }),
        ("istio.workload.Address", IstioWorkload.Address.with { $0.kind = .service(.init()) }),
        ("istio.security.Authorization", authorization),
        ("google.protobuf.Struct", metadata),
        ("envoy.service.auth.v3.CheckRequest", check),
        ("envoy.service.auth.v3.CheckResponse", allowance),
        ("envoy.service.discovery.v3.DeltaDiscoveryRequest", request),
        ("envoy.service.discovery.v3.DeltaDiscoveryResponse", response),
        ("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest", trace),
        (
            "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse",
            OpenTelemetry.ExportTraceServiceResponse.with { $0.partialSuccess = .with { $0.rejectedSpans = 3 } }
        ),
        ("opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest", logs),
        ("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest", metrics),
        (
            "istio.v1.auth.IstioCertificateRequest",
            IstioAuth.CertificateRequest.with {
                $0.csr = "-----BEGIN"
                $0.validityDuration = 86400
                $0.metadata = metadata
            }
        ),
        (
            "istio.v1.auth.IstioCertificateResponse",
            IstioAuth.CertificateResponse.with { $0.certificateChain = ["a\n", "b\n"] }
        ),
    ]
}

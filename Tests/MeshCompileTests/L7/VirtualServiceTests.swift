import MeshConfig
import MeshProtos
import Testing

@testable import MeshCompile

@Suite("VirtualServices as a waypoint gets them")
struct VirtualServiceTests {
    private static func service(
        _ http: String,
        name: String = "v",
        hosts: String = "[orders]",
        in namespace: String = "shop",
        created: String = "2026-01-01T00:00:00Z",
        more: String = ""
    ) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: \(name), namespace: \(namespace), creationTimestamp: '\(created)'}
        spec:
          hosts: \(hosts)
          \(more)
          http: \(RouteMesh.block(http))
        ---

        """
    }

    private static let cart = "route: [{destination: {host: cart}}]"

    @Test("conditions keep their order, up to one for everything")
    func order() throws {
        let http = """

            - match:
                - {uri: {prefix: /a}, ignoreUriCase: true, method: {exact: GET}}
                - {uri: {regex: '/b.*'}, headers: {x: {prefix: y}, here: {}, star: {regex: '*'}, ':authority': {exact: h}}}
                - {withoutHeaders: {end-user: {exact: jason}}, queryParams: {q: {exact: '1'}, p: {}}}
                - {scheme: {exact: http}, authority: {prefix: o}, sourceNamespace: web}
                - {headers: {'@request.auth.claims.group': {exact: admin}}}
                - {port: 9000}
                - {gateways: [ingress]}
              route: [{destination: {host: cart}}]
            - route: [{destination: {host: pay, port: {number: 80}}}]
            - route: [{destination: {host: cart}}]
            """
        let mesh = try RouteMesh(Self.service(http))
        #expect(
            try mesh.table() == [
                "GET /a/i* > 100 cart", "~/b.* :authority:h here:(any) star:(any) x:y* > 100 cart",
                "!end-user:jason ?p=(any) ?q=1 > 100 cart", "scheme:http host:o* from:web > 100 cart",
                "@request.auth.claims.group:admin > 100 cart", "* > 100 pay",
            ]
        )
        #expect(try mesh.table(9000).last == "* > 100 cart:9000", "a match for the port comes before the rest")
        #expect(mesh.condition(.accepted, of: "VirtualService/shop/v") == "true Accepted")
    }

    @Test("92: several VirtualServices follow each other, the older first; catch-all stops")
    func several() throws {
        let first = Self.service(
            "[{match: [{uri: {exact: /1}}], \(Self.cart)}]",
            name: "z",
            created: "2025-01-01T00:00:00Z"
        )
        let second = Self.service("[{match: [{uri: {exact: /2}}], \(Self.cart)}, {\(Self.cart)}]", name: "b")
        let third = Self.service("[{match: [{uri: {exact: /3}}], \(Self.cart)}]", name: "c")
        #expect(try RouteMesh(third + second + first).table() == ["=/1 > 100 cart", "=/2 > 100 cart", "* > 100 cart"])
    }

    @Test("a route for the host that was there first comes before a VirtualService")
    func mixed() throws {
        let route = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: HTTPRoute
            metadata: {name: r, namespace: shop, creationTimestamp: '2025-01-01T00:00:00Z'}
            spec:
              parentRefs: [{group: '', kind: Service, name: orders}]
              rules: [{matches: [{path: {value: /g}}], backendRefs: [{name: pay, port: 80}]}]
            ---

            """
        let mesh = try RouteMesh(Self.service("[{\(Self.cart)}]") + route)
        #expect(try mesh.table() == ["/g > 1 pay", "* > 100 cart"])
    }

    @Test("92: who is for a gateway, for another namespace, or not seen does not count")
    func visibility() throws {
        let http = "[{\(Self.cart)}]"
        for (text, counts) in [
            (Self.service(http, hosts: "[orders.shop.mesh.internal]"), true),
            (Self.service(http, hosts: "['*.shop.mesh.internal']"), true),
            (Self.service(http, hosts: "[orders.shop.mesh.internal]", in: "tulle-system"), true),
            (Self.service(http, hosts: "[orders.shop.mesh.internal]", in: "back"), false),
            (Self.service(http, more: "gateways: [ingress]"), false),
            (Self.service(http, more: "gateways: [ingress, mesh]"), true),
            (Self.service(http, more: "exportTo: [back]"), false),
            (Self.service(http, more: "exportTo: ['.']"), true),
        ] {
            #expect(try RouteMesh(text).table().isEmpty == !counts, "\(text)")
        }
    }

    @Test("destinations: weights, subsets, ports, and what is not there")
    func destinations() throws {
        let http = """

            - route:
                - {destination: {host: cart, subset: v1}, weight: 3}
                - {destination: {host: pay, port: {number: 9000}}, weight: 1}
                - {destination: {host: nobody}, weight: 1}
                - {destination: {host: cart}, weight: 0}
            """
        let mesh = try RouteMesh(Self.service(http))
        #expect(try mesh.table() == ["* > 3 cart/v1, 1 pay:9000, 1 nobody"])
        #expect(try mesh.cluster("outbound|80|v1|cart.shop.mesh.internal").missing, "no rule says what v1 is")
        #expect(try mesh.cluster("outbound|80||nobody.shop.mesh.internal").missing)
        #expect(try !mesh.cluster("outbound|9000||pay.shop.mesh.internal").missing)
        #expect(mesh.condition(.resolvedRefs, of: "VirtualService/shop/v") == "false DestinationNotFound")
    }

    @Test("what is changed on the way: headers, host, path, copies, faults, retries, timeouts, origins")
    func changes() throws {
        let http = """

            - name: all
              match: [{uri: {prefix: /old}}, {uri: {exact: /one}}, {headers: {a: {exact: b}}}]
              rewrite: {uri: /new}
              headers:
                request: {set: {Host: route.example, X-B: '2', X-A: '1'}, add: {c: d}, remove: [E]}
                response: {set: {f: g}}
              timeout: 1.5s
              retries:
                attempts: 3
                perTryTimeout: 200ms
                retryOn: 'gateway-error, 409,5xx,429'
                retryIgnorePreviousHosts: false
                retryRemoteLocalities: true
                backoff: 10ms
              fault:
                delay: {percentage: {value: 0.1}, fixedDelay: 5s}
                abort: {grpcStatus: UNAVAILABLE}
              mirrors: [{destination: {host: pay}, percentage: {value: 50}}, {destination: {host: cart}}]
              corsPolicy:
                allowOrigins: [{prefix: 'https://'}]
                allowMethods: [POST, GET]
                maxAge: 24h
              route:
                - destination: {host: cart}
                  headers: {request: {set: {':authority': dest.example}}, response: {remove: [server]}}
            """
        let mesh = try RouteMesh(Self.service(http))
        let action = try mesh.action()
        #expect(action.name == "shop/v/all")
        #expect(action.operation == "cart.shop.mesh.internal:80/old*")
        #expect(action.rewrite?.authority == "route.example")
        #expect(action.rewrite?.path?.kind == .stringPrefix)
        #expect(try mesh.action(1).rewrite?.path?.kind == .full)
        #expect(try mesh.table()[2] == "/* a:b > 100 cart", "a rewrite without a path is one of the prefix /")
        #expect(action.requestHeaders?.set.map(\.name) == ["x-a", "x-b"])
        #expect(action.requestHeaders?.add.map(\.name) == ["c"])
        #expect(action.requestHeaders?.remove == ["e"])
        #expect(action.responseHeaders?.set.map(\.value) == ["g"])
        #expect(action.requestTimeoutMilliseconds == 1500)
        #expect(action.attemptTimeoutMilliseconds == 200)
        #expect(action.retry?.attempts == 3)
        #expect(action.retry?.conditions == ["gateway-error", "5xx", "retriable-status-codes"])
        #expect(action.retry?.statusCodes == [409, 429])
        #expect(action.retry?.sameEndpoint == true)
        #expect(action.retry?.otherLocalities == true)
        #expect(action.retry?.backoffMilliseconds == 10)
        #expect(action.fault?.delayFraction == 1000)
        #expect(action.fault?.delayMilliseconds == 5000)
        #expect(action.fault?.abortFraction == 1_000_000, "without a percentage every request")
        #expect(action.fault?.grpcStatusPlusOne == 15)
        #expect(action.mirrors.map(\.fraction) == [500_000, 1_000_000])
        #expect(action.crossOrigin?.origins.map(RouteText.text) == ["https://*"])
        #expect(action.crossOrigin?.methods == ["POST", "GET"])
        #expect(action.crossOrigin?.maxAge?.seconds == 86_400)
        #expect(action.crossOrigin?.forwardsUnmatched == true)
        let backend = try #require(action.forward?.clusters.first)
        #expect(backend.rewrite?.authority == "dest.example")
        #expect(backend.responseHeaders?.remove == ["server"])
        #expect(backend.requestHeaders == nil)
    }

    @Test("redirects, answers in place, patterns in rewrites, retries that are off and usual ones")
    func endings() throws {
        let http = """

            - match: [{uri: {exact: /1}}]
              redirect: {uri: /x, authority: b.example, derivePort: FROM_REQUEST_PORT, scheme: https}
            - {match: [{uri: {exact: /2}}], redirect: {uri: /y, redirectCode: 307}}
            - {match: [{uri: {exact: /3}}], directResponse: {status: 503, body: {string: gone}}}
            - {match: [{uri: {exact: /4}}], directResponse: {status: 200, body: {bytes: aGkK}}}
            - match: [{uri: {exact: /5}}]
              rewrite: {uriRegexRewrite: {match: '^/(.*)', rewrite: '/\\1/x'}}
              retries: {attempts: 0}
              \(Self.cart)
            - {retries: {attempts: 2}, \(Self.cart)}
            """
        let mesh = try RouteMesh(Self.service(http))
        #expect(try mesh.action(0).redirect?.portRule == .request)
        #expect(try mesh.action(0).redirect?.host == "b.example")
        #expect(try mesh.action(1).redirect?.status == 307)
        #expect(try mesh.action(1).redirect?.portRule == .keep)
        #expect(try mesh.action(2).direct?.body == Array("gone".utf8))
        #expect(try mesh.action(3).direct?.body == Array("hi\n".utf8))
        #expect(try mesh.action(4).rewrite?.path?.pattern == "^/(.*)")
        #expect(try mesh.action(4).rewrite?.path?.value == "/\\1/x")
        #expect(try mesh.action(4).retry == TulleL7.Retry())
        #expect(try mesh.action(5).retry?.conditions == GatewayRule.retryConditions)
    }

    @Test("a delegate's rules are narrowed by the conditions of the one that delegates")
    func delegation() throws {
        let root = Self.service(
            """

                - match: [{uri: {prefix: /shop}, headers: {a: {exact: '1'}}}]
                  timeout: 3s
                  headers: {request: {set: {x: root, y: root}}}
                  delegate: {name: child}
                - {\(Self.cart)}
            """
        )
        let child = Self.service(
            """

                - {match: [{uri: {prefix: /shop/pay}}], timeout: 1s, headers: {request: {set: {x: child}}}, route: [{destination: {host: pay}}]}
                - {match: [{uri: {exact: /elsewhere}}], route: [{destination: {host: pay}}]}
                - {match: [{headers: {a: {exact: '2'}}}], route: [{destination: {host: pay}}]}
                - {\(Self.cart)}
            """,
            name: "child",
            hosts: "[]"
        )
        var mesh = try RouteMesh(root + child)
        #expect(try mesh.table() == ["/shop/pay* a:1 > 100 pay", "/shop* a:1 > 100 cart", "* > 100 cart"])
        #expect(try mesh.action(0).requestTimeoutMilliseconds == 1000)
        #expect(try mesh.action(0).requestHeaders?.set.map(\.value) == ["child", "root"])
        #expect(try mesh.action(1).requestTimeoutMilliseconds == 3000)
        // Who delegates follows.
        try mesh.declare(Self.service("[{route: [{destination: {host: pay}}]}]", name: "child", hosts: "[]"))
        #expect(try mesh.table() == ["/shop* a:1 > 100 pay", "* > 100 cart"])
    }

    @Test("who delegates to himself, or in a circle, gets no rules of it")
    func circles() throws {
        func delegating(_ name: String, to other: String) -> String {
            Self.service(
                "\n    - {match: [{uri: {prefix: /x}}], delegate: {name: \(other)}}\n    - {\(Self.cart)}",
                name: name
            )
        }
        var mesh = try RouteMesh(delegating("a", to: "a"))
        #expect(try mesh.table() == ["* > 100 cart"])
        try mesh.declare(delegating("a", to: "b") + delegating("b", to: "a"))
        #expect(try mesh.table() == ["* > 100 cart"])
        try mesh.declare(delegating("b", to: "b"))
        #expect(try mesh.table() == ["* > 100 cart"])
    }

    @Test("tls and tcp")
    func streams() throws {
        let more = """
            tls:
                - {match: [{sniHosts: [a.example.com], port: 443}], route: [{destination: {host: cart}}]}
              tcp:
                - {match: [{port: 9}], route: [{destination: {host: pay}}]}
                - route: [{destination: {host: cart}, weight: 4}, {destination: {host: pay}, weight: 1}]
            """
        let mesh = try RouteMesh(Self.service("[]", more: more))
        #expect(try mesh.port(443)?.tls.map(\.names) == [["a.example.com"]])
        #expect(try mesh.port(443)?.tls.first?.clusters.map(RouteText.backend) == ["100 cart:443"])
        #expect(try mesh.port(5000)?.tcp.first?.clusters.map(RouteText.backend) == ["4 cart:5000", "1 pay:5000"])
    }

    @Test("base64, and gRPC's statuses")
    func texts() {
        #expect(Base64Text.bytes("") == [])
        #expect(Base64Text.bytes("Zg==") == [102])
        #expect(Base64Text.bytes("Zm8=") == [102, 111])
        #expect(Base64Text.bytes("Zm9v") == [102, 111, 111])
        #expect(Base64Text.bytes("_-8=") == [255, 239])
        for wrong in ["Z", "Zm9v!", "Zg===", "Zg=a", "Zm9vZ"] { #expect(Base64Text.bytes(wrong) == nil, "\(wrong)") }
        #expect(GRPCStatusText.number("14") == 14)
        #expect(GRPCStatusText.number("CANCELLED") == 1)
        #expect(GRPCStatusText.number("17") == 2)
    }
}

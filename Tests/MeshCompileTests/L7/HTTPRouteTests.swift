import MeshConfig
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

@Suite("HTTPRoutes as a waypoint gets them")
struct HTTPRouteTests {
    private static func route(
        _ rules: String,
        name: String = "r",
        in namespace: String = "shop",
        created: String = "2026-01-01T00:00:00Z",
        parent: String = "{group: '', kind: Service, name: orders}"
    ) -> String {
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: \(name), namespace: \(namespace), creationTimestamp: '\(created)'}
        spec:
          parentRefs: [\(parent)]
          rules: \(RouteMesh.block(rules))
        ---

        """
    }

    @Test("a service without routes is told of all the same, with its ports as destinations")
    func none() throws {
        let mesh = try RouteMesh()
        let routes = try mesh.routes()
        #expect(routes.namespace == "shop")
        #expect(routes.hostname == "orders.shop.mesh.internal")
        #expect(routes.ports.isEmpty)
        #expect(
            routes.clusters.map { "\($0.name) \($0.protocol.rawValue)" } == [
                "outbound|443||orders.shop.mesh.internal 3", "outbound|5000||orders.shop.mesh.internal 3",
                "outbound|80||orders.shop.mesh.internal 0", "outbound|9000||orders.shop.mesh.internal 1",
            ]
        )
        #expect(routes.security == nil)
    }

    @Test("conditions are sorted as the Gateway API says")
    func precedence() throws {
        let rules = """

            - matches: [{path: {value: /}}]
              backendRefs: [{name: cart, port: 80}]
            - matches:
                - {path: {value: /a}}
                - {path: {value: /a/b/}}
                - {path: {type: RegularExpression, value: '/a.*'}}
                - {path: {type: Exact, value: /a}}
                - {path: {value: /a}, method: GET}
                - {path: {value: /a}, headers: [{name: X-One, value: '1'}]}
                - {path: {value: /a}, headers: [{name: one, value: '1'}, {name: two, type: RegularExpression, value: '2.'}]}
                - {path: {value: /a}, queryParams: [{name: q, value: v}]}
              backendRefs: [{name: pay, port: 80}]
            """
        let mesh = try RouteMesh(Self.route(rules))
        #expect(
            try mesh.table() == [
                "=/a > 1 pay", "/a/b > 1 pay", "GET /a > 1 pay", "/a one:1 two:~2. > 1 pay", "/a x-one:1 > 1 pay",
                "/a ?q=v > 1 pay", "/a > 1 pay", "~/a.* > 1 pay", "/ > 1 cart",
            ]
        )
    }

    @Test("ties go to the older route, then by name, then to the first rule")
    func ties() throws {
        func rule(_ backend: String) -> String { "[{backendRefs: [{name: \(backend), port: 80}]}]" }
        let old = Self.route(rule("pay"), name: "z", created: "2025-01-01T00:00:00Z")
        let new = Self.route(rule("cart"), name: "a")
        #expect(try RouteMesh(new + old).table() == ["/ > 1 pay", "/ > 1 cart"])
        let first = Self.route(rule("pay"), name: "a")
        let second = Self.route(rule("cart"), name: "b")
        #expect(try RouteMesh(second + first).table() == ["/ > 1 pay", "/ > 1 cart"])
        let both = Self.route("[{backendRefs: [{name: cart, port: 80}]}, {backendRefs: [{name: pay, port: 80}]}]")
        #expect(try RouteMesh(both).table() == ["/ > 1 cart", "/ > 1 pay"])
    }

    @Test("weights count; a backend that is not there takes its share with 500")
    func backends() throws {
        let rules = """

            - backendRefs:
                - {name: cart, port: 80, weight: 3}
                - {name: pay, port: 80, weight: 0}
                - {name: nobody, port: 80, weight: 2}
                - {name: cart, port: 81}
                - {name: audit, namespace: back, port: 80}
            - name: empty
              matches: [{path: {value: /empty}}]
            """
        var mesh = try RouteMesh(Self.route(rules))
        #expect(try mesh.table() == ["/empty > 500", "/ > 3 cart, 2 500, 1 500, 1 500"])
        #expect(mesh.condition(.accepted, of: "HTTPRoute/shop/r") == "true Accepted")
        #expect(mesh.condition(.resolvedRefs, of: "HTTPRoute/shop/r") == "false BackendNotFound")
        #expect(mesh.condition(.programmed, of: "HTTPRoute/shop/r") == nil)

        try mesh.declare(
            """
            apiVersion: gateway.networking.k8s.io/v1
            kind: ReferenceGrant
            metadata: {name: g, namespace: back}
            spec:
              from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
              to: [{group: '', kind: Service, name: audit}]
            """
        )
        #expect(try mesh.table() == ["/empty > 500", "/ > 3 cart, 2 500, 1 500, 1 audit"])
        mesh.mesh.add(Facts.service("nobody"))
        #expect(try mesh.table() == ["/empty > 500", "/ > 3 cart, 2 nobody, 1 500, 1 audit"])
    }

    @Test("G13: a grant for the route's kind, namespace and service lets it through; one that goes takes that back")
    func grants() throws {
        let lead = "\n- matches: [{path: {value: /}}]\n  backendRefs: [{name: audit, namespace: back, port: 80}]"
        var mesh = try RouteMesh(Self.route(lead))
        func grant(_ from: String, _ to: String, in namespace: String = "back", name: String = "g") throws
            -> DeclaredResource
        {
            let text = """
                apiVersion: gateway.networking.k8s.io/v1
                kind: ReferenceGrant
                metadata: {name: \(name), namespace: \(namespace)}
                spec:
                  from: [{group: gateway.networking.k8s.io, \(from)}]
                  to: [{group: '', \(to)}]
                """
            return try #require(try RouteMesh.read(text).first)
        }
        func isRefused() throws -> Bool {
            let table = try mesh.table()
            let condition = mesh.condition(.resolvedRefs, of: "HTTPRoute/shop/r")
            guard table == ["/ > 1 500"] else {
                #expect(table == ["/ > 1 audit"])
                #expect(condition == "true ResolvedRefs")
                return false
            }
            #expect(condition == "false RefNotPermitted")
            return true
        }
        #expect(try isRefused())
        let others = [
            try grant("kind: GRPCRoute, namespace: shop", "kind: Service, name: audit"),
            try grant("kind: HTTPRoute, namespace: cart", "kind: Service, name: audit"),
            try grant("kind: HTTPRoute, namespace: shop", "kind: Service, name: other"),
            try grant("kind: HTTPRoute, namespace: shop", "kind: Service, name: audit", in: "shop"),
        ]
        for other in others {
            mesh.mesh.declare(other)
            #expect(try isRefused())
            mesh.mesh.remove(other)
        }
        // All services of the namespace, and the one: whichever is left counts.
        let all = try grant("kind: HTTPRoute, namespace: shop", "kind: Service", name: "all")
        let one = try grant("kind: HTTPRoute, namespace: shop", "kind: Service, name: audit")
        let change = mesh.mesh.declare(all)
        #expect(change.waypoints[RouteMesh.owner]?.routes.changed.map(\.name) == ["shop/orders.shop.mesh.internal"])
        #expect(try !isRefused())
        mesh.mesh.declare(one)
        mesh.mesh.remove(all)
        #expect(try !isRefused())
        let last = mesh.mesh.remove(one)
        #expect(last.waypoints[RouteMesh.owner]?.routes.changed.map(\.name) == ["shop/orders.shop.mesh.internal"])
        #expect(try isRefused())
    }

    @Test("filters of a rule, and of a backend")
    func filters() throws {
        let rules = """

            - name: all
              matches: [{path: {value: /old}}]
              filters:
                - type: RequestHeaderModifier
                  requestHeaderModifier: {set: [{name: X-Set, value: a}], add: [{name: x-add, value: b}], remove: [X-Gone]}
                - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}
                - type: URLRewrite
                  urlRewrite: {hostname: other.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}
                - {type: RequestMirror, requestMirror: {backendRef: {name: pay, port: 80}, percent: 25}}
                - type: RequestMirror
                  requestMirror: {backendRef: {name: cart, port: 80}, fraction: {numerator: 1, denominator: 4000}}
                - {type: RequestMirror, requestMirror: {backendRef: {name: nobody, port: 80}}}
                - type: CORS
                  cors: {allowOrigins: ['https://*.example.com'], allowMethods: [GET], maxAge: 60, allowCredentials: true}
              timeouts: {request: 10s, backendRequest: 2s500ms}
              retry: {codes: [500, 503], attempts: 3, backoff: 100ms}
              sessionPersistence: {sessionName: sticky, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}
              backendRefs:
                - name: cart
                  port: 80
                  filters:
                    - {type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: v, value: '1'}]}}
                    - type: URLRewrite
                      urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /full}}
                - name: pay
                  port: 80
                  filters:
                    - type: RequestRedirect
                      requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /away}}
            """
        let action = try RouteMesh(Self.route(rules)).action()
        #expect(action.name == "shop/r/all")
        #expect(action.origin == "HTTPRoute/shop/r")
        #expect(action.operation == "r:80/old*")
        #expect(action.requestHeaders?.set == [.with { ($0.name, $0.value) = ("x-set", "a") }])
        #expect(action.requestHeaders?.add == [.with { ($0.name, $0.value) = ("x-add", "b") }])
        #expect(action.requestHeaders?.remove == ["x-gone"])
        #expect(action.responseHeaders?.remove == ["server"])
        #expect(action.rewrite?.authority == "other.example")
        #expect(action.rewrite?.path?.kind == .segmentPrefix)
        #expect(action.rewrite?.path?.value == "/new")
        #expect(action.mirrors.map(\.fraction) == [250_000, 250])
        #expect(action.mirrors.first?.cluster == "outbound|80||pay.shop.mesh.internal")
        #expect(action.crossOrigin?.originPatterns == ["https://*.example.com"])
        #expect(action.crossOrigin?.echoes == true)
        #expect(action.crossOrigin?.forwardsUnmatched == false)
        #expect(action.crossOrigin?.maxAge?.seconds == 60)
        #expect(action.requestTimeoutMilliseconds == 10_000)
        #expect(action.attemptTimeoutMilliseconds == 2500)
        #expect(action.retry?.attempts == 3)
        #expect(action.retry?.statusCodes == [500, 503])
        #expect(action.retry?.backoffMilliseconds == 100)
        #expect(action.retry?.conditions.contains("retriable-status-codes") == true)
        #expect(action.retry?.conditions.contains("reset") == true)
        #expect(action.session?.name == "sticky")
        #expect(action.session?.permanent == true)
        #expect(action.session?.absoluteTimeoutMilliseconds == 3_600_000)
        #expect(action.session?.path == "/old")
        let backends = try #require(action.forward?.clusters)
        #expect(backends.first?.requestHeaders?.set.first?.name == "v")
        #expect(backends.first?.rewrite?.path?.kind == .full)
        #expect(backends.last?.redirect?.path?.value == "/away")
        #expect(backends.last?.redirect?.status == 302)
    }

    @Test("redirects need no backend; what is not said of retries is the default, none where attempts are 0")
    func redirectsAndRetries() throws {
        let rules = """

            - matches: [{path: {type: Exact, value: /r}}]
              filters: [{type: RequestRedirect, requestRedirect: {scheme: https, port: 8443, statusCode: 308}}]
            - retry: {attempts: 0}
              backendRefs: [{name: cart, port: 80}]
            """
        let mesh = try RouteMesh(Self.route(rules))
        #expect(try mesh.table() == ["=/r > redirect 308", "/ > 1 cart"])
        let redirect = try #require(try mesh.action().redirect)
        #expect(redirect.scheme == "https")
        #expect(redirect.port == 8443)
        #expect(redirect.portRule == .gateway)
        #expect(try mesh.action().retry == nil)
        #expect(try mesh.action(1).retry == TulleL7.Retry())
        #expect(try mesh.action(1).operation == "cart.shop.mesh.internal:80/*")
    }

    @Test("a parent's port narrows; other parents are told of")
    func parents() throws {
        let rule = "[{backendRefs: [{name: cart, port: 80}]}]"
        let port = Self.route(rule, parent: "{group: '', kind: Service, name: orders, port: 9000}")
        let mesh = try RouteMesh(port)
        #expect(try mesh.table(80) == [])
        #expect(try mesh.table(9000) == ["/ > 1 cart"])
        let parents = [
            ("{group: '', kind: Service, name: nobody}", "false NoMatchingParent"),
            ("{group: '', kind: Service, name: orders, port: 1}", "false NoMatchingParent"),
            ("{name: waypoint}", "false NoMatchingParent"),
            ("{group: '', kind: Service, name: audit, namespace: back}", "false NoMatchingParent"),
            ("{group: '', kind: Service, name: orders}", "true Accepted"),
            ("{group: '', kind: Service, name: orders}, {group: '', kind: Service, name: x}", "false PartiallyInvalid"),
        ]
        for (parent, expected) in parents {
            let status = try RouteMesh(Self.route(rule, parent: parent)).condition(.accepted, of: "HTTPRoute/shop/r")
            #expect(status == expected, "\(parent)")
        }
    }

    @Test("without a waypoint a route is accepted and not carried out")
    func unbound() throws {
        let rule = "[{backendRefs: [{name: audit, port: 80}]}]"
        let route = Self.route(rule, in: "back", parent: "{group: '', kind: Service, name: audit}")
        let mesh = try RouteMesh(route)
        #expect(mesh.condition(.accepted, of: "HTTPRoute/back/r") == "true Accepted")
        #expect(mesh.condition(.programmed, of: "HTTPRoute/back/r") == "false NoWaypoint")
        #expect(mesh.mesh.compiler.l7.routes[Facts.key("audit", in: "back")] == nil)
    }

    @Test("more conditions than the bound are refused, not left out")
    func bounded() throws {
        var table = RouteTable()
        let action = table.add(TulleL7.RouteAction())
        for number in 0..<10 {
            table.add(.with { $0.path = .with { $0.value = "/\(number)" } }, action: action)
        }
        table.cut(to: 4, reason: "too many")
        #expect(table.entries.count == 4)
        #expect(table.actions.last?.failure?.status == 500)
        #expect(table.entries.last?.match == nil)
        #expect(table.isClosed)
    }
}

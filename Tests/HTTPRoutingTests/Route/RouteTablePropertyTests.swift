import MeshModel
import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Random route tables")
struct RouteTablePropertyTests {
    typealias F = RouteFixture

    private static let paths = [
        "/", "/a", "/a/", "/a/b", "/a/bb", "/ab", "/a/b/c", "/A/b", "/v1/x", "/v2/x", "/v1", "/b", "/b/c/d", "*", "",
    ]
    private static let values = ["one", "two", "three", "", "onetwo"]

    private static func pick<Value>(_ values: [Value], _ generator: inout SeededGenerator) -> Value {
        values[Int.random(in: values.indices, using: &generator)]
    }

    private static func path(_ generator: inout SeededGenerator) -> TulleL7.PathMatch? {
        let kinds: [TulleL7.PathMatch.Kind] = [.exact, .segmentPrefix, .stringPrefix, .exact, .segmentPrefix]
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return nil
        case 1: return F.path(.regex, self.pick(Array(ReferenceRoutes.patterns.dropLast()), &generator).text)
        case 2: return F.path(self.pick(kinds, &generator), self.pick(self.paths, &generator), ignoringCase: true)
        default: return F.path(self.pick(kinds, &generator), self.pick(self.paths, &generator))
        }
    }

    private static func text(_ generator: inout SeededGenerator) -> (TulleL7.StringMatch.Kind, String) {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: (.prefix, self.pick(self.values, &generator))
        case 1: (.suffix, self.pick(self.values, &generator))
        case 2: (.present, "")
        case 3: (.regex, "one|two")
        default: (.exact, self.pick(self.values, &generator))
        }
    }

    private static func match(_ generator: inout SeededGenerator) -> TulleL7.RouteMatch {
        var match = F.match(self.path(&generator))
        for name in ["x-a", "x-b", "x-c", "x-d", "x-e", "x-f"] where Int.random(in: 0..<5, using: &generator) == 0 {
            let (kind, value) = self.text(&generator)
            let isInverted = Int.random(in: 0..<5, using: &generator) == 0
            match.headers.append(F.header(name, kind, value, inverted: isInverted))
        }
        for name in ["q", "r"] where Int.random(in: 0..<5, using: &generator) == 0 {
            let (kind, value) = self.text(&generator)
            match.query.append(F.query(name, kind, value))
        }
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: match.method = F.text(.exact, "GET")
        case 1: match.authority = F.text(.exact, self.pick(self.values, &generator))
        case 2: match.sourceNamespaces = ["red"]
        default: break
        }
        return match
    }

    private static func request(_ generator: inout SeededGenerator) -> RequestView {
        var fields: [(String, String)] = []
        for name in ["x-a", "x-b", "x-c", "x-d", "x-e", "x-f", "x-a"] where Bool.random(using: &generator) {
            fields.append((name, self.pick(self.values, &generator)))
        }
        let parameters = ["q=\(self.pick(self.values, &generator))", "r", "q=one", "r=two"].shuffled(using: &generator)
            .prefix(Int.random(in: 0...4, using: &generator))
        let query = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
        return F.request(
            self.pick(self.paths, &generator) + query,
            method: self.pick(["GET", "POST"], &generator),
            authority: self.pick(self.values, &generator),
            fields: fields,
            namespace: self.pick(["red", "blue", nil], &generator)
        )
    }

    @Test("answer as a search from the first entry to the last", arguments: 0..<60 as Range<UInt64>)
    func matches(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Self.pick([1, 5, 20, 60, 200], &generator)
        let routes = F.routes((0..<count).map { _ in (Self.match(&generator), F.forward("v1")) })
        let table = RouteTable(routes, clusters: F.clusters)
        #expect(table.faults.isEmpty)
        for _ in 0..<60 {
            let request = Self.request(&generator)
            let expected = ReferenceRoutes.first(of: routes.entries, for: request)
            #expect(table.match(request)?.entry == expected, "seed \(seed): \(request.target) \(request.fields)")
        }
    }

    /// A thousand routes of one shape, and what asks for the last of them.
    private static let shapes: [(String, @Sendable (Int) -> TulleL7.RouteMatch, RequestView)] = [
        ("exact paths", { F.match(F.path(.exact, "/route/\($0)")) }, F.request("/route/999")),
        ("prefixes", { F.match(F.path(.segmentPrefix, "/route/\($0)")) }, F.request("/route/999/x")),
        ("text prefixes", { F.match(F.path(.stringPrefix, "/route/\($0)-")) }, F.request("/route/999-x")),
        ("patterns", { F.match(F.path(.regex, "/route/\($0)-[a-z]+")) }, F.request("/route/999-x")),
        ("either case", { F.match(F.path(.exact, "/Route/\($0)", ignoringCase: true)) }, F.request("/rOUTE/999")),
        (
            "one header's values", { F.match(headers: [F.header("tenant", .exact, "t\($0)")]) },
            F.request(fields: [("other", "x"), ("tenant", "t999")])
        ),
        (
            "headers of many names", { F.match(headers: [F.header("x-\($0 % 50)", .exact, "v\($0)")]) },
            F.request(fields: [("other", "x"), ("x-49", "v999")])
        ),
        (
            "a path with headers",
            { F.match(F.path(.segmentPrefix, "/"), headers: [F.header("tenant", .exact, "t\($0)")]) },
            F.request("/a", fields: [("tenant", "t999")])
        ),
        ("parameters", { F.match(query: [F.query("id", .exact, "\($0)")]) }, F.request("/?x=1&id=999")),
        (
            "authorities",
            { number in
                var match = F.match()
                match.authority = F.text(.exact, "host-\(number)")
                return match
            }, F.request(authority: "host-999")
        ),
    ]

    @Test("look at a handful of a thousand entries", arguments: shapes.indices)
    func looks(_ shape: Int) {
        let (name, match, request) = Self.shapes[shape]
        let table = F.table((0..<1000).map { (match($0), "v1") })
        var looks = 0
        #expect(table.match(request, looks: &looks)?.entry == 999, "\(name)")
        #expect(looks <= 3, "\(name)")
        var misses = 0
        #expect(table.match(F.request("/nowhere"), looks: &misses) == nil, "\(name)")
        #expect(misses == 0, "\(name)")
    }
}

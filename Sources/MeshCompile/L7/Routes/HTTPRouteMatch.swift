import MeshConfig
import MeshProtos

/// Conditions of an HTTPRoute's rule.
enum HTTPRouteMatch {
    /// One for each match; without any, the prefix `/`.
    static func matches(of rule: ConfigValue) -> [TulleL7.RouteMatch] {
        let written = rule.list("matches")
        return written.isEmpty ? [self.match(.null)] : written.map(self.match)
    }

    /// The conditions of one match; without a path, that of the prefix `/`.
    static func match(_ value: ConfigValue) -> TulleL7.RouteMatch {
        TulleL7.RouteMatch.with {
            $0.path = self.path(value["path"])
            $0.headers = self.headers(value)
            var seen: Set<String> = []
            $0.query = value.list("queryParams").filter { seen.insert($0.text("name") ?? "").inserted }.map { entry in
                TulleL7.QueryMatch.with {
                    $0.name = entry.text("name") ?? ""
                    $0.value = self.text(entry)
                }
            }
            $0.method = value.text("method").map { method in
                TulleL7.StringMatch.with {
                    $0.kind = .exact
                    $0.value = method
                }
            }
        }
    }

    private static func path(_ value: ConfigValue?) -> TulleL7.PathMatch {
        TulleL7.PathMatch.with {
            $0.value = value?.text("value") ?? "/"
            switch value?.text("type") {
            case "Exact": $0.kind = .exact
            case "RegularExpression": $0.kind = .regex
            default:
                $0.kind = .segmentPrefix
                // `/a/` means the same as `/a`.
                while $0.value.utf8.count > 1, $0.value.hasSuffix("/") { $0.value.removeLast() }
            }
        }
    }

    /// Of several with one name the first counts.
    static func headers(_ value: ConfigValue) -> [TulleL7.HeaderMatch] {
        var seen: Set<String> = []
        return value.list("headers").compactMap { entry in
            let name = (entry.text("name") ?? "").lowercased()
            guard seen.insert(name).inserted else { return nil }
            return TulleL7.HeaderMatch.with {
                $0.name = name
                $0.value = self.text(entry)
            }
        }
    }

    static func text(_ entry: ConfigValue) -> TulleL7.StringMatch {
        TulleL7.StringMatch.with {
            $0.kind = entry.text("type") == "RegularExpression" ? .regex : .exact
            $0.value = entry.text("value") ?? ""
        }
    }
}

/// Conditions of a GRPCRoute's rule: a method is a path.
enum GRPCRouteMatch {
    static func matches(of rule: ConfigValue) -> [TulleL7.RouteMatch] {
        let written = rule.list("matches")
        return written.isEmpty ? [TulleL7.RouteMatch()] : written.map(self.match)
    }

    private static func match(_ value: ConfigValue) -> TulleL7.RouteMatch {
        TulleL7.RouteMatch.with {
            $0.path = value["method"].map(self.path)
            $0.headers = HTTPRouteMatch.headers(value)
        }
    }

    private static func path(_ value: ConfigValue) -> TulleL7.PathMatch {
        let isPattern = value.text("type") == "RegularExpression"
        return TulleL7.PathMatch.with {
            switch (value.text("service"), value.text("method")) {
            case (let service?, let method?):
                $0.kind = isPattern ? .regex : .exact
                $0.value = "/\(service)/\(method)"
            case (let service?, nil):
                $0.kind = isPattern ? .regex : .stringPrefix
                $0.value = isPattern ? "/\(service)/.+" : "/\(service)/"
            case (nil, let method):
                $0.kind = .regex
                let text = method ?? ".+"
                $0.value = "/[^/]+/\(isPattern ? text : Self.quoted(text))"
            }
        }
    }

    /// A text as a pattern that means just it.
    private static func quoted(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if "\\.+*?()|[]{}^$".contains(character) { result.append("\\") }
            result.append(character)
        }
    }
}

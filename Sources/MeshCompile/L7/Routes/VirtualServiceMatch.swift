import MeshConfig
import MeshProtos

/// Conditions of a VirtualService.
enum VirtualServiceMatch {
    /// - Parameter needsPath: whether what follows replaces the matched prefix, so that there must be one.
    static func match(_ value: ConfigValue, needsPath: Bool) -> TulleL7.RouteMatch {
        TulleL7.RouteMatch.with {
            let ignoresCase = value["ignoreUriCase"]?.flag ?? false
            $0.path = value["uri"].flatMap { self.path($0, ignoresCase: ignoresCase) }
            if $0.path == nil, needsPath {
                $0.path = TulleL7.PathMatch.with {
                    $0.kind = .stringPrefix
                    $0.value = "/"
                }
            }
            $0.headers =
                self.headers(value["headers"], invert: false) + self.headers(value["withoutHeaders"], invert: true)
            $0.query = (value["queryParams"]?.entries ?? [:]).sorted { $0.key < $1.key }.map { name, match in
                TulleL7.QueryMatch.with {
                    $0.name = name
                    $0.value = self.text(match)
                }
            }
            $0.method = value["method"].map { self.text($0) }
            $0.scheme = value["scheme"].map { self.text($0) }
            $0.authority = value["authority"].map { self.text($0) }
            $0.sourceNamespaces = [value.text("sourceNamespace")].compactMap(\.self)
        }
    }

    private static func path(_ value: ConfigValue, ignoresCase: Bool) -> TulleL7.PathMatch? {
        var path = TulleL7.PathMatch()
        if let text = value.text("exact") {
            path.kind = .exact
            path.value = text
            path.ignoreCase = ignoresCase
        } else if let text = value.text("prefix") {
            path.kind = .stringPrefix
            path.value = text
            path.ignoreCase = ignoresCase
        } else if let text = value.text("regex") {
            path.kind = .regex
            path.value = text
        } else {
            return nil
        }
        return path
    }

    private static func headers(_ value: ConfigValue?, invert: Bool) -> [TulleL7.HeaderMatch] {
        (value?.entries ?? [:]).sorted { $0.key < $1.key }.map { name, match in
            TulleL7.HeaderMatch.with {
                $0.name = name
                $0.value = self.text(match)
                $0.invert = invert
            }
        }
    }

    /// Istio's StringMatch; nothing, and the pattern `*`, mean that it is there.
    static func text(_ value: ConfigValue) -> TulleL7.StringMatch {
        TulleL7.StringMatch.with {
            if let text = value.text("exact") {
                $0.kind = .exact
                $0.value = text
            } else if let text = value.text("prefix") {
                $0.kind = .prefix
                $0.value = text
            } else if let text = value.text("regex"), text != "*" {
                $0.kind = .regex
                $0.value = text
            } else {
                $0.kind = .present
            }
        }
    }
}

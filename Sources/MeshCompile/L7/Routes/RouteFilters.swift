import MeshConfig
import MeshProtos

/// The Gateway API's filters.
enum RouteFilters {
    static func headers(_ value: ConfigValue?) -> TulleL7.HeaderChanges? {
        guard let value else { return nil }
        return TulleL7.HeaderChanges.with {
            $0.set = value.list("set").map(self.header)
            $0.add = value.list("add").map(self.header)
            $0.remove = value.texts("remove").map { $0.lowercased() }
        }
    }

    private static func header(_ value: ConfigValue) -> TulleL7.Header {
        TulleL7.Header.with {
            $0.name = (value.text("name") ?? "").lowercased()
            $0.value = value.text("value") ?? ""
        }
    }

    static func redirect(_ value: ConfigValue?) -> TulleL7.Redirect {
        TulleL7.Redirect.with {
            $0.scheme = value?.text("scheme") ?? ""
            $0.host = value?.text("hostname") ?? ""
            $0.port = value?.count("port") ?? 0
            $0.portRule = .gateway
            $0.path = value?["path"].map(self.path)
            $0.status = value?.count("statusCode") ?? 302
        }
    }

    static func rewrite(_ value: ConfigValue?) -> TulleL7.Rewrite {
        TulleL7.Rewrite.with {
            $0.path = value?["path"].map(self.path)
            $0.authority = value?.text("hostname") ?? ""
        }
    }

    private static func path(_ value: ConfigValue) -> TulleL7.PathChange {
        TulleL7.PathChange.with {
            if let prefix = value.text("replacePrefixMatch") {
                $0.kind = .segmentPrefix
                $0.value = prefix
            } else {
                $0.kind = .full
                $0.value = value.text("replaceFullPath") ?? ""
            }
        }
    }

    static func crossOrigin(_ value: ConfigValue?) -> TulleL7.CrossOrigin {
        TulleL7.CrossOrigin.with {
            $0.originPatterns = value?.texts("allowOrigins") ?? []
            $0.methods = value?.texts("allowMethods") ?? []
            $0.headers = value?.texts("allowHeaders") ?? []
            $0.exposeHeaders = value?.texts("exposeHeaders") ?? []
            $0.maxAge = TulleL7.CrossOrigin.MaxAge.with { $0.seconds = value?.count("maxAge") ?? 5 }
            $0.credentials = value?["allowCredentials"]?.flag ?? false
            $0.echoes = true
        }
    }

    /// The share that is mirrored, in millionths; all where none is written.
    static func fraction(_ value: ConfigValue) -> UInt32 {
        if let percent = value.fraction("percent") { return percent }
        guard let fraction = value["fraction"], let numerator = fraction["numerator"]?.number else { return 1_000_000 }
        let denominator = max(1, fraction["denominator"]?.number ?? 100)
        return UInt32(min(max(numerator / denominator, 0), 1) * 1_000_000)
    }
}

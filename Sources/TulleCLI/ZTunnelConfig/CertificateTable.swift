import AWSClient
import Foundation

/// Certificates in the columns of `istioctl ztunnel-config certificate`.
enum CertificateTable {
    /// The table of a list of `{identity, state, certChain, rootCerts}`.
    ///
    /// - Parameter now: for the column VALID CERT.
    static func text(_ identities: [JSONValue], now: Date = Date()) -> String {
        var table = Table([
            "CERTIFICATE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE",
        ])
        for identity in identities {
            let name = identity["identity"]?.string ?? "-"
            let state = Self.state(identity["state"])
            let chain = identity["certChain"]?.array ?? []
            let roots = identity["rootCerts"]?.array ?? []
            for (index, certificate) in chain.enumerated() {
                // Istio's older dumps have the root as the last of the chain.
                let isLast = index == chain.count - 1 && index > 0 && roots.isEmpty
                table.add(
                    Self.row(name, index == 0 ? "Leaf" : isLast ? "Root" : "Intermediate", state, certificate, now)
                )
            }
            for root in roots { table.add(Self.row(name, "Root", state, root, now)) }
            if chain.isEmpty, roots.isEmpty { table.add([name, "-", state, "false", "-", "-", "-"]) }
        }
        return table.text
    }

    private static func row(
        _ name: String,
        _ type: String,
        _ state: String,
        _ json: JSONValue,
        _ now: Date
    ) -> [String] {
        let after = json["expirationTime"]?.string ?? "-"
        let before = json["validFrom"]?.string ?? "-"
        let isValid: Bool
        if let end = Self.time(after), let start = Self.time(before) {
            isValid = start <= now && now < end
        } else {
            isValid = false
        }
        return [name, type, state, isValid ? "true" : "false", json["serialNumber"]?.string ?? "-", after, before]
    }

    /// `Available`, `Initializing`, or `Unavailable` with the reason; Istio writes an object for the last.
    private static func state(_ json: JSONValue?) -> String {
        if let text = json?.string { return text }
        return json?.object?.names.first ?? "-"
    }

    /// A time in RFC 3339, with or without fractions of a second.
    static func time(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}

import CertificateAuthority
import Foundation
import MeshConfig
import MeshXDS

/// The open streams, as `istioctl proxy-status` words them.
enum ProxyPage {
    /// Where a type stands on one stream.
    enum Status: String {
        /// What was sent last was accepted.
        case synced = "SYNCED"
        /// What was sent last was not answered yet.
        case stale = "STALE"
        /// Nothing was sent yet.
        case notSent = "NOT SENT"
        /// What was sent last was rejected.
        case error = "ERROR"

        init(_ status: DeltaServerStream.Status) {
            if status.sentNonce.isEmpty {
                self = .notSent
            } else if status.rejection?.nonce == status.sentNonce {
                self = .error
            } else {
                self = status.acknowledgedNonce == status.sentNonce ? .synced : .stale
            }
        }
    }

    /// - Parameter replica: the name of the control plane that it is connected to.
    static func proxy(_ connection: ConnectionTable.Connection, replica: String) -> ConfigValue {
        PageBuilder.object { page in
            page.text("id", connection.id)
            page.set("node", .string(connection.node))
            page.text("address", connection.remote)
            page.text("identity", connection.identity)
            page.text("proof", connection.proof.rawValue)
            page.text("cluster", connection.cluster)
            page.text("controlPlane", replica)
            page.text("version", connection.version)
            page.text("since", connection.since.formatted(.iso8601))
            page.set("pushes", .integer(Int64(connection.pushes)))
            page.set("rejects", .integer(Int64(connection.rejects)))
            page.set("types", .list(connection.types.map(Self.type)))
        }
    }

    private static func type(_ status: DeltaServerStream.Status) -> ConfigValue {
        PageBuilder.object { page in
            page.text("type", status.typeURL.split(separator: "/").last.map(String.init) ?? "")
            page.text("status", Status(status).rawValue)
            page.set("wildcard", .bool(status.isWildcard))
            page.set("names", .integer(Int64(status.names)))
            page.text("sentVersion", status.sentVersion)
            page.text("sentNonce", status.sentNonce)
            page.optional("sentTime", status.sentTime.map(Self.time))
            page.text("acknowledgedVersion", status.acknowledgedVersion)
            page.text("acknowledgedNonce", status.acknowledgedNonce)
            page.optional("acknowledgedTime", status.acknowledgedTime.map(Self.time))
            guard let rejection = status.rejection else { return }
            page.text("lastError", PlainLine.of(rejection.message, bytes: 512))
            page.set("rejection", Self.rejection(rejection))
        }
    }

    private static func rejection(_ rejection: DeltaServerStream.Rejection) -> ConfigValue {
        PageBuilder.object { page in
            page.text("error", PlainLine.of(rejection.message, bytes: 512))
            page.text("nonce", rejection.nonce)
            page.set("time", Self.time(rejection.time))
            page.set("names", .list(rejection.names.map { .string($0) }))
            page.set("resources", .integer(Int64(rejection.resources)))
        }
    }

    /// RFC 3339 with milliseconds, which `Date` would round.
    private static func time(_ milliseconds: Int64) -> ConfigValue {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601).dropLast()
        let digits = String(rest)
        return .string("\(whole).\(String(repeating: "0", count: max(0, 3 - digits.count)))\(digits)Z")
    }
}

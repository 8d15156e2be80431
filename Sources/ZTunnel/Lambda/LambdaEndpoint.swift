import DataPlane
package import MeshModel
import TunnelEngine

/// Where Lambda's APIs answer, by `AWS_LAMBDA_RUNTIME_API`.
package struct LambdaEndpoint: Hashable, Sendable {
    /// Where to connect.
    package var address: SocketAddress
    /// The value of the `Host` header.
    package var host: String

    /// Reads `address:port`; nil for anything else. A name is none: no resolver may say when we end.
    init?(parsing text: String) {
        guard text.utf8.count <= 64, case .address(let address) = DialTarget(authority: text[...], defaultPort: 80)
        else { return nil }
        self.address = address
        self.host = text
    }
}

extension Configuration {
    /// How long open connections may take to end there: Lambda gives the whole of the shutdown two seconds.
    static let lambdaDrainMilliseconds: UInt64 = 800

    /// What is different beside a function: one small loop, the proxy port and nothing else, a quick end.
    mutating func readLambda(_ environment: inout Environment) {
        self.lambda = environment.value(
            "AWS_LAMBDA_RUNTIME_API",
            allowed: "address:port",
            LambdaEndpoint.init(parsing:)
        )
        guard self.lambda != nil else { return }
        if self.mode != .dedicated {
            environment.reject("PROXY_MODE", allowed: "dedicated beside a Lambda function")
        }
        if self.workloadName == nil { self.workloadName = environment.text("AWS_LAMBDA_FUNCTION_NAME") }
        self.isDNSEnabled = false
        self.isProxyPortEnabled = true
        self.restartSocket = nil
        if self.workers.choice == .automatic { self.workers.choice = .count(1) }
        self.drainDeadline = min(self.drainDeadline, Self.lambdaDrainMilliseconds)
        // Between two calls the function stands still, so a link is soon one whose peer has left.
        self.limits.pool.doubtMilliseconds = 1_000
        self.limits.pool.probeMilliseconds = 500
    }
}

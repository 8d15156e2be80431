import HTTPRouting
import MeshTelemetry

/// What a waypoint counts beside Istio's request metrics. Shared by all loops; every part may be used from any thread.
final class WaypointMetrics: Sendable {
    /// Connections inside of tunnels.
    let sessions: Gauge
    /// Requests under way.
    let requests: Gauge
    /// Copies of requests under way.
    let mirrors: Gauge
    /// Bytes of bodies that are held for inspection.
    let inspectedBytes: Gauge
    /// Attempts after the first, because it failed.
    let retries: Counter
    /// Attempts beside a first that is slow.
    let hedges: Counter
    /// Copies that were sent.
    private let mirrored: Counter
    /// Copies that were not sent, or given up.
    private let mirrorsDropped: Counter
    /// Requests with tokens that were all good.
    private let tokensAccepted: Counter
    /// Requests that were refused for their tokens.
    private let tokensRefused: Counter
    /// Requests without a token, where none is asked for.
    private let tokensMissing: Counter
    private let authorizers: MetricFamily<Counter>

    /// Adds the metrics to `registry`.
    init(registry: MetricsRegistry) {
        let active = registry.gauges(
            "tulle_waypoint_active",
            help: "What is carried at this moment.",
            labels: ["kind"]
        )
        self.sessions = active.with("connection")
        self.requests = active.with("request")
        self.mirrors = active.with("mirror")
        self.inspectedBytes =
            registry.gauges("tulle_inspected_bytes", help: "Bytes of bodies that are held for inspection.").with()
        let attempts = registry.counters(
            "tulle_http_retries_total",
            help: "Further attempts for a request: after a failed one, or beside a slow one.",
            labels: ["kind"]
        )
        self.retries = attempts.with("retry")
        self.hedges = attempts.with("hedge")
        let mirrors = registry.counters(
            "tulle_http_mirrored_total",
            help: "Copies of requests that were sent to a mirror, or dropped.",
            labels: ["result"]
        )
        self.mirrored = mirrors.with("sent")
        self.mirrorsDropped = mirrors.with("dropped")
        let tokens = registry.counters(
            "tulle_token_checks_total",
            help: "Requests by what was found out about their tokens.",
            labels: ["result"]
        )
        self.tokensAccepted = tokens.with("accepted")
        self.tokensRefused = tokens.with("refused")
        self.tokensMissing = tokens.with("missing")
        self.authorizers = registry.counters(
            "tulle_authorizer_checks_total",
            help: "Questions to external authorizers, by answer; failed where there was none that could be followed.",
            labels: ["authorizer", "result"]
        )
    }

    /// A mirror got a copy of a request, or did not.
    func count(mirror isSent: Bool) { (isSent ? self.mirrored : self.mirrorsDropped).add() }

    /// Tokens were checked.
    func count(_ outcome: TokenOutcome) {
        if outcome.fault != nil {
            self.tokensRefused.add()
        } else {
            (outcome.claims.isEmpty ? self.tokensMissing : self.tokensAccepted).add()
        }
    }

    /// An authorizer answered, or did not and its settings did.
    func count(_ answer: AuthorizerAnswer, isFailed: Bool, of authorizer: String) {
        let result: String
        switch answer {
        case _ where isFailed: result = "failed"
        case .allow: result = "allowed"
        case .deny: result = "denied"
        }
        self.authorizers.with(authorizer, result).add()
    }
}

import DataPlane
import MeshTelemetry
import TunnelEngine

/// Takes part in the life of a Lambda function as an external extension, by the Extensions API of 2020-01-01.
///
/// Registers when the proxy stands, because Lambda starts the function's own runtime only then; asks for events, which
/// lets Lambda freeze and thaw the environment in between; ends on SHUTDOWN. Where the mesh can't be reached in time the
/// function starts without it: nothing listens on the proxy port, so nothing goes past the mesh.
///
/// `@unchecked Sendable`: apart from `init`, everything runs on the control loop.
final class LambdaExtension: @unchecked Sendable {
    /// What happens to the function, as far as it matters to us.
    struct Events {
        /// The environment ends: within two seconds.
        var shutdown: () -> Void
        /// The environment stood still for a while, and goes on.
        var thawed: () -> Void
        /// Lambda can't be talked to, for this reason: it will end us.
        var failed: (String) -> Void
    }

    /// The file's name in the layer's directory `extensions`: Lambda knows extensions by it.
    static let name = "tulle-ztunnel"
    /// How long a server may take to show that it lives, after a thaw.
    static let probeMilliseconds: UInt64 = 2_000

    /// How long the start of the function's own code waits for the proxy.
    private static let registerMilliseconds: UInt64 = 4_000
    /// How long the function's first call waits for the proxy. All of its start may take ten seconds.
    private static let startMilliseconds: UInt64 = 8_000
    /// How long Lambda's API may take to answer what it answers at once.
    private static let callMilliseconds: UInt64 = 2_000
    /// The most that Lambda's API may answer.
    private static let answerBytes = 64 * 1024
    private static let path = "/2020-01-01/extension"

    private let loop: EventLoop
    private let endpoint: LambdaEndpoint
    private let log: Log
    private let freeze: FreezeWatch
    private var events: Events?
    private var identifier: String?
    private var isRegistering = false
    private var isReady = false
    private var isPolling = false
    private var isOver = false
    private lazy var alarm = LoopAlarm(loop: self.loop)

    init(loop: EventLoop, endpoint: LambdaEndpoint, log: Log) {
        self.loop = loop
        self.endpoint = endpoint
        self.log = log
        self.freeze = FreezeWatch(loop: loop)
    }

    /// Begins; registers at the latest after a while.
    func start(_ events: Events) {
        self.events = events
        self.freeze.start { [weak self] milliseconds in self?.stoodStill(milliseconds) }
        self.alarm.set(after: Self.registerMilliseconds) { [weak self] in
            guard let self else { return }
            self.register()
            self.alarm.set(after: Self.startMilliseconds - Self.registerMilliseconds) { [weak self] in
                guard let self, !self.isReady else { return }
                self.log.warning("the function starts without the mesh; connections to the proxy port are refused")
                self.poll()
            }
        }
    }

    /// The proxy stands.
    func ready() {
        self.isReady = true
        self.register()
        self.poll()
    }

    private func stoodStill(_ milliseconds: UInt64) {
        self.log.debug("stood still", [LogField("milliseconds", milliseconds)])
        self.events?.thawed()
    }

    // MARK: Register

    private func register() {
        guard !self.isRegistering else { return }
        self.isRegistering = true
        let fields = [
            HTTPField(name: "Lambda-Extension-Name", value: Self.name),
            HTTPField(name: "Content-Type", value: "application/json"),
        ]
        let body = Array(#"{"events":["INVOKE","SHUTDOWN"]}"#.utf8)
        self.call("POST", "/register", fields, body: body) { [weak self] response in
            guard let self else { return }
            guard let identifier = response.fields.single("lambda-extension-identifier"),
                (1...256).contains(identifier.utf8.count)
            else { return self.fail("Lambda's answer to register has no identifier") }
            self.identifier = identifier
            let function = (try? JSONReader.parse(response.body).object)?["functionName"]?.string ?? ""
            self.log.info("registered with Lambda", [LogField("function", String(function.prefix(140)))])
            if self.isReady { self.poll() }
        }
    }

    // MARK: Events

    /// Asks for the next event. The environment may stand still from now until it comes.
    private func poll() {
        guard let identifier = self.identifier, !self.isPolling, !self.isOver else { return }
        self.isPolling = true
        self.alarm.cancel()
        let fields = [HTTPField(name: "Lambda-Extension-Identifier", value: identifier)]
        self.call("GET", "/event/next", fields, isPatient: true) { [weak self] response in
            guard let self else { return }
            self.isPolling = false
            self.freeze.look()
            switch (try? JSONReader.parse(response.body).object)?["eventType"]?.string {
            case "INVOKE": self.poll()
            case "SHUTDOWN":
                self.isOver = true
                self.log.info("the function's environment ends")
                self.events?.shutdown()
            case let other: self.fail("Lambda sent an event of type \(other.map { "\($0.prefix(64))" } ?? "(none)")")
            }
        }
    }

    private func call(
        _ method: String,
        _ target: String,
        _ fields: [HTTPField],
        body: [UInt8]? = nil,
        isPatient: Bool = false,
        completion: @escaping (HTTPClientState.Response) -> Void
    ) {
        guard
            let request = HTTPClientRequest(
                method: method,
                host: self.endpoint.host,
                target: Self.path + target,
                fields: fields,
                body: body
            )
        else { return self.fail("\(target) could not be asked for") }
        HTTPPost(
            loop: self.loop,
            address: self.endpoint.address,
            request: request,
            answerBytes: Self.answerBytes,
            milliseconds: Self.callMilliseconds,
            isPatient: isPatient
        ) { [weak self] result in
            switch result {
            case .success(let response) where response.status == 200: completion(response)
            case .success(let response): self?.fail("Lambda answered \(target) with status \(response.status)")
            case .failure(let failure): self?.fail("Lambda did not answer \(target): \(failure)")
            }
        }
    }

    /// Lambda asks extensions to end when its API fails them; it then starts the environment anew.
    private func fail(_ reason: String) {
        guard !self.isOver else { return }
        self.isOver = true
        self.events?.failed(reason)
    }
}

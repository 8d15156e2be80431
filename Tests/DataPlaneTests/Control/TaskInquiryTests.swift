import DataPlaneTestSupport
import MeshModel
import MeshTelemetry
import Testing
import TunnelEngine

@testable import DataPlane

@Suite("Asking ECS who we are", .serialized)
struct TaskInquiryTests {
    private let loop: TestLoop
    private let log = TestLog()
    private let local: LocalWorkload

    init() throws {
        loop = try TestLoop()
        local = try TestMesh.local("echo", IPAddress(v4: 0x0a00_0002))
    }

    private final class Kept: @unchecked Sendable {
        var all: [Any] = []
    }

    private func ask(_ environment: [String: String]) throws -> TaskRole {
        var variables = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"]
        variables.merge(environment) { $1 }
        let plan = try AttestationPlan(audience: "a") { variables[$0] }
        let context = ControlContext(program: "test", log: log.log, registry: MetricsRegistry())
        let (loop, local, kept) = (self.loop.loop, self.local, Kept())
        return try self.loop.wait { done in
            let inquiry = TaskInquiry(loop: loop, context: context, plan: plan, local: local)
            kept.all.append(inquiry)
            inquiry.start(completion: done)
        }
    }

    /// Serves task metadata; gives the address.
    private func serve(_ body: String) throws -> (server: EndpointServer, address: SocketAddress) {
        let loop = self.loop.loop
        return try self.loop.sync {
            let server = EndpointServer(loop: loop) { request in
                request.path == "/v4/x/task"
                    ? HTTPResponse(status: 200, text: body) : HTTPResponse(status: 404, text: "")
            }
            return (server, try server.listen(on: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)))
        }
    }

    @Test("metadata tell the task's name, its addresses and its region")
    func metadata() throws {
        let text = """
            {"TaskARN":"arn:aws:ecs:eu-west-1:111122223333:task/c/0123abcd","Containers":[
            {"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.0.9"]}]}]}
            """
        let (server, address) = try serve(text)
        let role = try ask(["ECS_CONTAINER_METADATA_URI_V4": "http://\(address)/v4/x"])
        #expect(role.region.name == "eu-west-1")
        #expect(role.audience == "a")
        #expect(local.name == "0123abcd")
        #expect(local.addresses.map { "\($0)" } == ["10.0.0.2", "10.0.0.9"])
        try loop.sync { server.close() }
    }

    @Test("a region of the environment does without metadata, and nothing at all is refused at the start")
    func environment() throws {
        #expect(try ask(["AWS_REGION": "eu-central-1"]).region.name == "eu-central-1")
        #expect(throws: AttestationError.regionUnknown) { try ask([:]) }
        #expect(throws: AttestationError.noCredentialsEndpoint) { try AttestationPlan(audience: "a") { _ in nil } }
    }
}

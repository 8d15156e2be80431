import MeshModel
import Testing

@testable import DataPlane

struct TaskMetadataTests {
    @Test func readsArnAndAddresses() {
        let body = """
            {"Cluster":"demo","TaskARN":"arn:aws:ecs:eu-west-1:123456789012:task/demo/0123abcd","Containers":[
            {"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.0.7"],"IPv6Addresses":["2001:db8::7"]}]},
            {"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.0.7","nonsense"]},
            {"NetworkMode":"bridge","IPv4Addresses":["172.17.0.2"]}]}]}
            """
        let metadata = TaskMetadata(body: Array(body.utf8))
        #expect(metadata?.taskID == "0123abcd")
        #expect(metadata?.addresses.map(\.description) == ["10.0.0.7", "2001:db8::7"])
    }

    @Test(arguments: ["", "{}", "[]", "{\"TaskARN\":1}", "{\"TaskARN\":\"x\"}", "<html>"])
    func refuses(_ body: String) {
        #expect(TaskMetadata(body: Array(body.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("http://169.254.170.2/v4/abc", "169.254.170.2:80"), ("http://127.0.0.1:8080/v4/abc", "127.0.0.1:8080"),
            ("http://10.0.0.1/v4/abc", nil), ("https://169.254.170.2/v4/abc", nil), ("http://metadata/v4", nil),
            ("http://169.254.170.2/v4/a b", nil), ("", nil),
        ] as [(String, String?)]
    )
    func asksOnlyECS(_ url: String, _ address: String?) {
        #expect(TaskMetadata.endpoint(url)?.address.description == address)
    }

    @Test func asksForTheTask() {
        let request = TaskMetadata.endpoint("http://169.254.170.2/v4/abc")?.request
        #expect(request?.bytes.starts(with: "GET /v4/abc/task HTTP/1.1\r\nHost: 169.254.170.2\r\n".utf8) == true)
    }
}

import Testing

@testable import Lab

@Suite struct EndpointRequestTests {
    @Test func `splits path and query and undoes escapes`() {
        let request = EndpointRequest(target: "/v1/tasks?a=b%20c+d&e&f=%7B%7D&a=last")
        #expect(request.path == "/v1/tasks")
        #expect(request.parts == ["v1", "tasks"])
        #expect(request.query == ["a": "last", "e": "", "f": "{}"])
    }

    @Test(arguments: [("", [String]()), ("/", []), ("//x//", ["x"]), ("?a", [])])
    func `takes any target`(_ target: String, _ parts: [String]) {
        #expect(EndpointRequest(target: target).parts == parts)
    }

    @Test func `leaves a broken escape as it is`() {
        #expect(EndpointRequest(target: "/?a=%zz").query == ["a": "%zz"])
    }
}

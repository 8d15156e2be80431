import Testing

@testable import Lab

@Suite struct ContainerFiltersTests {
    private static func matches(_ text: String) throws -> Bool {
        let task = instanceRecord("a")
        return try ContainerFilters(text).match(task.containers[0], of: task)
    }

    @Test(arguments: [
        (#"{}"#, true), (#"{"label":["own"]}"#, true), (#"{"label":["own=label"]}"#, true),
        (#"{"label":["own=other"]}"#, false), (#"{"label":["own","missing"]}"#, false),
        (#"{"label":{"own=label":true}}"#, true), (#"{"label":{"missing":false}}"#, true),
        (#"{"label":["com.amazonaws.ecs.container-name=app"]}"#, true),
        (#"{"status":["running"]}"#, true), (#"{"status":["exited"]}"#, false),
        (#"{"status":["exited","running"]}"#, true), (#"{"id":["aaaa"]}"#, true), (#"{"id":["b"]}"#, false),
        (#"{"name":["/ecs-web"]}"#, true), (#"{"ancestor":["i"]}"#, true), (#"{"ancestor":["j"]}"#, false),
    ])
    func `all names must hold, of one name's values any, of labels each`(_ text: String, _ expected: Bool) throws {
        #expect(try Self.matches(text) == expected)
    }

    @Test(arguments: ["nonsense", "[]", #"{"health":["healthy"]}"#, #"{"label":"own"}"#, #"{"label":[1]}"#])
    func `refuses what it would otherwise have to pass over`(_ text: String) {
        #expect(throws: LabError.self) { try ContainerFilters(text) }
    }

    @Test func `events are chosen by type, action, label and container`() throws {
        let event = ContainerEvent(action: .die, containerID: "abcdef", attributes: ["k": "v", "name": "n"], time: 1)
        #expect(try ContainerFilters(#"{"type":["container"],"event":["start","die"],"label":["k=v"]}"#).match(event))
        #expect(try ContainerFilters(#"{"container":["abc"]}"#).match(event))
        #expect(try ContainerFilters(#"{"container":["n"]}"#).match(event))
        #expect(try !ContainerFilters(#"{"event":["start"]}"#).match(event))
        #expect(try !ContainerFilters(#"{"type":["image"]}"#).match(event))
        #expect(try !ContainerFilters(#"{"label":["k=w"]}"#).match(event))
    }
}

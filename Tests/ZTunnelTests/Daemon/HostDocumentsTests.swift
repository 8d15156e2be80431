import DataPlane
import Testing

@testable import ZTunnel

@Suite("Documents of a container instance")
struct HostDocumentsTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let arn = "arn:aws:ecs:us-east-1:111122223333:task/demo/0af5"

    @Test("the runtime's list gives the containers of tasks, and nothing else")
    func list() {
        let text = """
            [{"Id":"\(Self.id)","Labels":{"com.amazonaws.ecs.task-arn":"\(Self.arn)",
              "com.amazonaws.ecs.container-name":"web"},"State":"running"},
             {"Id":"\(Self.id)","Labels":{}},
             {"Id":"../../etc","Labels":{"com.amazonaws.ecs.task-arn":"\(Self.arn)"}},
             {"Id":"\(Self.id)","Labels":{"com.amazonaws.ecs.task-arn":"arn:aws:ecs:x:1:task/../a b"}}, 7]
            """
        #expect(
            RuntimeDocuments.list(Array(text.utf8), limit: 10)
                == [RuntimeDocuments.Listed(id: Self.id, taskARN: Self.arn, name: "web")]
        )
        #expect(RuntimeDocuments.list(Array(text.utf8), limit: 4) == nil)
        #expect(RuntimeDocuments.list(Array("{}".utf8), limit: 10) == nil)
    }

    @Test("an inspection gives process, credentials and network of a running container")
    func inspection() {
        let text = """
            {"State":{"Running":true,"Pid":4711},"HostConfig":{"NetworkMode":"container:x"},
             "Config":{"Env":["A=1","AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/7","B"]}}
            """
        #expect(
            RuntimeDocuments.inspection(Array(text.utf8))
                == RuntimeDocuments.Inspected(
                    process: 4_711,
                    credentialsPath: "/v2/credentials/7",
                    usesHostNetwork: false
                )
        )
        let host = #"{"State":{"Running":true,"Pid":1},"HostConfig":{"NetworkMode":"host"}}"#
        #expect(RuntimeDocuments.inspection(Array(host.utf8))?.usesHostNetwork == true)
    }

    @Test(
        "a container that doesn't run has no process",
        arguments: [
            #"{"State":{"Running":false,"Pid":4711}}"#, #"{"State":{"Running":true,"Pid":0}}"#,
            #"{"State":{"Running":true,"Pid":-1}}"#, #"{"State":{"Running":true,"Pid":99999999999}}"#,
            #"{"State":{"Running":true,"Pid":"1"}}"#, "{}", "[]", "",
        ]
    )
    func notRunning(_ text: String) {
        #expect(RuntimeDocuments.inspection(Array(text.utf8)) == nil)
    }

    @Test("the agent's list gives tasks with their containers, without those that have stopped")
    func agent() {
        let text = """
            {"Tasks":[{"Arn":"\(Self.arn)","KnownStatus":"RUNNING","Containers":[
               {"DockerId":"\(Self.id)","Name":"web","Networks":[{"NetworkMode":"awsvpc"}]},{"DockerId":"x"}]},
              {"Arn":"\(Self.arn)2","KnownStatus":"STOPPED","Containers":[]},
              {"Arn":"\(Self.arn)3","KnownStatus":"PENDING","Containers":null}]}
            """
        #expect(
            AgentDocuments.tasks(Array(text.utf8), limit: 10)
                == [
                    AgentDocuments.Task(
                        arn: Self.arn,
                        containers: [AgentDocuments.Container(id: Self.id, name: "web")],
                        hasOwnNetwork: true
                    ), AgentDocuments.Task(arn: Self.arn + "3", containers: [], hasOwnNetwork: false),
                ]
        )
        #expect(AgentDocuments.tasks(Array("[]".utf8), limit: 10) == nil)
    }

    @Test("container ids are found in control groups of either version and any driver")
    func controlGroups() {
        for text in [
            "0::/ecstasks.slice/docker-\(Self.id).scope\n",
            "12:cpu:/ecs/0af5/\(Self.id)\n11:pids:/ecs/0af5/\(Self.id)\n",
            "0::/../../ecs/0af5/\(Self.id)",
        ] {
            #expect(HostProcesses.containerIDs(in: Array(text.utf8)) == [Self.id])
        }
        for text in ["", "0::/", "0::/\(Self.id)f", "0::/\(Self.id.dropLast())", "0::/\(Self.id.uppercased())"] {
            #expect(HostProcesses.containerIDs(in: Array(text.utf8)).isEmpty)
        }
    }

    @Test("a task's credentials path is found in a process's environment")
    func environment() {
        let text = "A=1\0XAWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/no\0AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/c/7\0"
        #expect(HostProcesses.credentialsPath(in: Array(text.utf8)) == "/v2/c/7")
        #expect(HostProcesses.credentialsPath(in: Array("A=1".utf8)) == nil)
        #expect(HostProcesses.credentialsPath(in: []) == nil)
    }

    @Test("a task id is the last part of an ARN that is one")
    func taskIDs() {
        #expect(HostTask.id(arn: Self.arn) == "0af5")
        #expect(HostTask.id(arn: "arn:aws:ecs:us-east-1:111122223333:task/0af5") == "0af5")
        for arn in ["", "0af5", "arn:aws:ecs:us-east-1:1:service/demo/x", Self.arn + "/", Self.arn + "/a_b"] {
            #expect(HostTask.id(arn: arn) == nil)
        }
    }

    @Test("a task that brings its own ztunnel is known by that container's name")
    func ownProxy() {
        func container(_ name: String) -> HostTask.Container {
            HostTask.Container(id: Self.id, name: name, process: 1, credentialsPath: name == "web" ? "/v2/c" : nil)
        }
        let plain = HostTask(arn: Self.arn, containers: [container("~internal~ecs~pause"), container("web")])
        #expect(!plain.hasOwnProxy)
        #expect(plain.credentialsPath == "/v2/c")
        #expect(HostTask(arn: Self.arn, containers: [container("web"), container("ztunnel")]).hasOwnProxy)
    }
}

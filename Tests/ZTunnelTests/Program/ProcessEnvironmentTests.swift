import DataPlane
import Glibc
import Testing

@testable import ZTunnel

@Suite("The process's environment")
struct ProcessEnvironmentTests {
    @Test("every name that the settings ask for is read, and nothing else is listed")
    func names() {
        var environment = Environment(["ISTIO_META_DNS_CAPTURE": "true", "TULLE_CERT_FILE": "c"])
        _ = Configuration(&environment)
        for name in environment.asked {
            #expect(ProcessEnvironment.isRead(name), "\(name) is asked for but never read")
        }
        for name in ProcessEnvironment.names { #expect(environment.asked.contains(name), "\(name) has no reader") }
    }

    @Test("known names and beginnings are read from the process, others aren't")
    func reads() {
        setenv("XDS_HEADER_TULLE_TEST", "a=b", 1)
        setenv("TULLE_TEST_UNKNOWN", "x", 1)
        let values = ProcessEnvironment.read()
        unsetenv("XDS_HEADER_TULLE_TEST")
        unsetenv("TULLE_TEST_UNKNOWN")
        #expect(values["XDS_HEADER_TULLE_TEST"] == "a=b")
        #expect(values["TULLE_TEST_UNKNOWN"] == nil)
        #expect(values["PATH"] == nil)
    }
}

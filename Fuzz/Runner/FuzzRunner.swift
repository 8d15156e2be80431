import FuzzTargets
import Glibc

/// libFuzzer's own main function; the sanitizer's run time brings it. It gets pointers to `argc` and `argv`.
@_extern(c, "LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutableRawPointer,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The target that the environment names.
private let target: FuzzTarget = {
    let name = getenv("TULLE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    if let target = FuzzTarget.named(name) { return target }
    let names = FuzzTarget.all.map(\.name).joined(separator: " ")
    print("fuzz: TULLE_FUZZ_TARGET is \"\(name)\"; allowed: \(names)")
    exit(64)
}()

private func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do throws(FuzzViolation) {
        try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        print("violation: \(error)")
        fflush(nil)
        abort()
    }
    return 0
}

/// The name that SwiftPM gives to the entry point of an executable.
@_cdecl("FuzzRunner_main")
func fuzzRunnerMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    if count > 1, let argument = arguments?[1], String(cString: argument) == "list" {
        for target in FuzzTarget.all { print(target.name) }
        return 0
    }
    _ = target.name
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, testOneInput)
}

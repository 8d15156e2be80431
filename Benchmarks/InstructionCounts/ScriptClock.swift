import Glibc
import Synchronization

private let asked = Atomic<Int>(0)
private let beginning = time(nil)

/// Stands in for `clock_gettime` in all of the program (the linker's `--wrap`): begins at the real time, and moves on by a
/// microsecond whenever somebody asks. So timers, durations in log lines and headers don't depend on how fast the machine is.
@_cdecl("__wrap_clock_gettime")
func scriptClock(_ clock: clockid_t, _ result: UnsafeMutablePointer<timespec>?) -> CInt {
    let microseconds = asked.add(1, ordering: .relaxed).newValue
    result?.pointee = timespec(
        tv_sec: beginning + microseconds / 1_000_000,
        tv_nsec: microseconds % 1_000_000 * 1_000
    )
    return 0
}

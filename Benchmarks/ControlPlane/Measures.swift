import Foundation
import Glibc

/// What a process used so far.
struct ProcessUsage {
    /// Processor time in seconds, of all threads, in user and kernel mode.
    var processor: Double
    /// Resident memory in bytes.
    var resident: Int
    /// The most resident memory that there ever was, in bytes.
    var peak: Int

    /// This process now.
    static func now() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return ProcessUsage(
            processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            resident: Self.residentPages() * Int(getpagesize()),
            peak: Int(usage.ru_maxrss) * 1024
        )
    }

    /// The second number of `/proc/self/statm`.
    private static func residentPages() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let numbers = text.split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) ?? 0 : 0
    }
}

/// Seconds of a clock that nobody sets.
func monotonicSeconds() -> Double { ProcessInfo.processInfo.systemUptime }

/// Lets as many processes' descriptors be open as the system allows.
func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// What one size of mesh gave.
struct Result: Codable {
    var workloads: Int
    var services: Int
    var clients: Int
    var changes: Int
    /// Bytes of all resources, as they are sent to a data plane that has none.
    var catalogBytes: Int
    /// Seconds until all data planes had everything, 32 of them connecting at a time.
    var joinSeconds: Double
    /// Milliseconds from a change of one workload until the last data plane's answer is known to the control plane.
    var lastAnswerMilliseconds: Percentiles
    /// Seconds of the control plane's processor time for all that: handshakes, and everything to everybody once.
    var joinProcessorSeconds: Double
    /// Microseconds of the control plane's processor time per data plane and change.
    var processorMicrosecondsPerPush: Double
    /// Bytes of one push as a message, without HTTP/2 and TLS.
    var bytesPerPush: Int
    /// How often a change was encoded, over all changes; without sharing it would be changes times clients.
    var encodings: Int
    /// Resident bytes that the catalog adds, per 1,000 workloads.
    var residentBytesPer1000Workloads: Int
    /// Resident bytes that a data plane adds, after it got everything and all changes.
    var residentBytesPerConnection: Int
    /// Resident bytes of the whole process then.
    var residentBytes: Int
    /// The same once the heap has given back what it kept.
    var residentBytesTrimmed: Int
    /// The most resident bytes that there were.
    var residentBytesPeak: Int
    /// Bytes that the heap had handed out before that, and bytes that it kept.
    var heapBytesUsed: Int
    var heapBytesKept: Int
    var loadAverage: Double

    struct Percentiles: Codable {
        var p50: Double
        var p99: Double
        var max: Double

        init(_ values: [Double]) {
            let sorted = values.sorted()
            func at(_ share: Double) -> Double {
                guard !sorted.isEmpty else { return 0 }
                return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
            }
            self.p50 = at(0.5)
            self.p99 = at(0.99)
            self.max = sorted.last ?? 0
        }
    }
}

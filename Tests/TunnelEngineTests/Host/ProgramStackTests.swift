import Glibc
import Testing

@testable import TunnelEngine

@Suite struct ProgramStackTests {
    @Test(
        "what was used deeper down is given back, and what is in use stays",
        .disabled(if: getenv("TULLE_SANITIZER") != nil, "there temporary memory is not on the stack")
    )
    func givesBackWhatIsNotInUse() throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let (before, after, kept) = try thread.sync {
            var kept: [UInt64] = [1, 2, 3]
            let deepest = Self.descend(400)
            let before = Self.isResident(deepest)
            ProgramStack.release()
            kept.append(4)
            return (before, Self.isResident(deepest), kept)
        }
        #expect(before)
        #expect(!after)
        #expect(kept == [1, 2, 3, 4])
    }

    /// Uses more than a kilobyte of stack a level; the address of the deepest.
    @inline(never)
    private static func descend(_ levels: Int) -> UInt {
        withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 16) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: levels))
            return levels > 0 ? self.descend(levels - 1) : UInt(bitPattern: buffer.baseAddress)
        }
    }

    private static func isResident(_ address: UInt) -> Bool {
        let page = UInt(getpagesize())
        var state: UInt8 = 0
        let result = mincore(UnsafeMutableRawPointer(bitPattern: address & ~(page - 1)), Int(page), &state)
        return result == 0 && state & 1 == 1
    }
}

import Testing
import TunnelEngine

struct LoopAlarmTests {
    @Test("an alarm that is let go while it is set runs out unheard, and later ones still ring")
    func maybeForgotten() throws {
        let loop = try EventLoop(index: 0)
        var rang: [String] = []
        LoopAlarm(loop: loop).set(after: 1) { rang.append("forgotten") }
        let kept = LoopAlarm(loop: loop)
        kept.set(after: 50) {
            rang.append("kept")
            loop.stop()
        }
        loop.run()
        #expect(rang == ["kept"])
    }
}

import Testing
import TulleCLI

@Suite("A difference of texts")
struct TextDiffTests {
    @Test("is empty for equal texts")
    func equal() {
        #expect(TextDiff.unified("a\nb", "a\nb", oldName: "x", newName: "y").isEmpty)
    }

    @Test("shows changes with three lines around them, and joins what is close")
    func hunks() {
        let old = (1...30).map(String.init)
        var new = old
        new[1] = "two"
        new.remove(at: 5)
        new.insert("x", at: 24)
        let diff = TextDiff.unified(
            old.joined(separator: "\n"),
            new.joined(separator: "\n"),
            oldName: "old",
            newName: "new"
        )
        #expect(
            diff == """
                --- old
                +++ new
                @@ -1,9 +1,8 @@
                 1
                -2
                +two
                 3
                 4
                 5
                -6
                 7
                 8
                 9
                @@ -23,6 +22,7 @@
                 23
                 24
                 25
                +x
                 26
                 27
                 28
                """
        )
    }

    @Test("starts and ends with a change")
    func edges() {
        let diff = TextDiff.unified("a\nb", "b\nc\nd", oldName: "o", newName: "n")
        #expect(diff == "--- o\n+++ n\n@@ -1,2 +1,3 @@\n-a\n b\n+c\n+d")
    }

    @Test("of what was not there, or is not there any more, has no lines of that side")
    func nothing() {
        let new = TextDiff.unified("", "a\nb", oldName: "o", newName: "n")
        #expect(new == "--- o\n+++ n\n@@ -0,0 +1,2 @@\n+a\n+b")
        let gone = TextDiff.unified("a\nb", "", oldName: "o", newName: "n")
        #expect(gone == "--- o\n+++ n\n@@ -1,2 +0,0 @@\n-a\n-b")
    }

    @Test("of texts with nothing in common is all of both")
    func nothingInCommon() {
        let diff = TextDiff.unified("a", "b", oldName: "o", newName: "n")
        #expect(diff == "--- o\n+++ n\n@@ -1,1 +1,1 @@\n-a\n+b")
    }
}

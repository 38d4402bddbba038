import Foundation
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillClient

@Suite struct BatchProgressTests {
    private static func end(
        _ id: UUID,
        state: String = "succeeded",
        labels: String = "{}"
    ) throws -> FinishedEvent {
        let text = #"{"id": "\#(id.text)", "state": "\#(state)", "labels": \#(labels)}"#
        return try #require(FinishedEvent(document: text))
    }

    @Test func memberEndsOnce() throws {
        let id = UUID.random()
        var progress = BatchProgress(size: 2)
        #expect(progress.end(try Self.end(id, state: "failed")))
        #expect(!progress.end(try Self.end(id, state: "failed")))
        #expect(progress.finished == 1)
        #expect(progress.unsuccessful == 1)
        #expect(!progress.isComplete)
    }

    @Test func refusedMembersCompleteABatchThatDidNotSucceed() throws {
        var progress = BatchProgress(size: 2)
        _ = progress.end(try Self.end(.random()))
        progress.refuse(.random(), "no")
        #expect(progress.isComplete)
        #expect(!progress.succeeded)
        #expect(progress.unsuccessful == 1)
    }

    @Test func refusedMemberThatWasMendedHasEnded() throws {
        let id = UUID.random()
        var progress = BatchProgress(size: 1)
        progress.refuse(id, "no")
        _ = progress.end(try Self.end(id))
        #expect(progress.succeeded)
        #expect(progress.rows().map(\.verdict.words) == ["succeeded"])
    }

    @Test func countOfTheBatchStandsForLettersThatAreGone() throws {
        var progress = BatchProgress(size: 3)
        progress.refuse(count: 2)
        progress.refuse(.random(), "no")
        _ = progress.end(try Self.end(.random()))
        #expect(progress.isComplete)
        #expect(progress.refused == 2)
    }

    @Test func memberThatIsMendedIsWaitedForAgain() throws {
        var progress = BatchProgress(size: 2)
        progress.refuse(count: 1)
        _ = progress.end(try Self.end(.random()))
        #expect(progress.isComplete)
        progress.refuse(count: 0)
        #expect(!progress.isComplete)
    }

    @Test func endOfAMemberThatWasRefusedIsNotCountedTwice() throws {
        let id = UUID.random()
        var progress = BatchProgress(size: 3)
        progress.refuse(count: 1)
        progress.refuse(id, "no")
        _ = progress.end(try Self.end(.random()))
        _ = progress.end(try Self.end(id))
        #expect(progress.finished == 2)
    }

    @Test func batchOfUnknownSizeIsNotComplete() {
        #expect(!BatchProgress().isComplete)
    }

    @Test func rowsAreOfAllMembersByTheirNames() throws {
        let ids = (0..<4).map { _ in UUID.random() }
        var progress = BatchProgress(size: 4)
        _ = progress.end(try Self.end(ids[0], labels: #"{"program": "s10", "a": "b"}"#))
        _ = progress.end(try Self.end(ids[1], labels: #"{"program": "s", "input": "s9"}"#))
        progress.refuse(ids[2], "/stdin: \u{1B}no")
        let labels = ["s10", "s9", "s8", "s\u{202E}7"].map {
            ["program": $0]
        }
        let rows = progress.rows(of: Dictionary(uniqueKeysWithValues: zip(ids, labels)))
        #expect(rows.map(\.name) == ["s8", "s9", "s10", "s\\u{202e}7"])
        #expect(
            rows.map(\.verdict.words) == [
                "refused: /stdin: \\u{1b}no", "succeeded", "succeeded", "not ended",
            ]
        )
        #expect(rows.summary == "4 in all: 2 succeeded, 1 not ended, 1 refused")
        #expect(progress.rows().count == 3)
    }

    @Test func memberWithoutALabelOfOursIsCalledByAllItHasOrItsId() throws {
        let id = UUID.random()
        let labelled = MemberRow(try Self.end(id, labels: #"{"b": "2", "a": "1"}"#).result)
        #expect(labelled.name == "a=1 b=2")
        #expect(MemberRow(try Self.end(id).result).name == id.text)
    }

    @Test func barFitsItsTerminalAndTellsWhatIsLeft() {
        func line(_ finished: Int, _ failed: Int, of size: Int? = 30, width: Int = 80) -> String {
            ProgressLine.text(
                finished: finished,
                failed: failed,
                of: size,
                pace: Pace(ended: finished, in: .seconds(4)),
                width: width
            )
        }
        #expect(line(0, 0) == "[\(String(repeating: ".", count: 40))] 0/30")
        #expect(
            line(12, 3, width: 120)
                == "[\(String(repeating: "#", count: 16))\(String(repeating: ".", count: 24))] "
                + "12/30, 3 not succeeded, 3.0/s, about 7 s left"
        )
        #expect(line(12, 3).count <= 79)
        #expect(line(12, 3, width: 40) == "12/30, 3 not succeeded, 3.0/s, about 7 s left")
        #expect(line(30, 0).hasSuffix("] 30/30, 7.5/s"))
        #expect(line(0, 0, of: nil) == "waiting for the batch to be taken in")
    }

    @Test func paceIsAMinuteWhereThatSaysMore() {
        #expect(Pace(ended: 0, in: .seconds(1)).shown == nil)
        #expect(Pace(ended: 0, in: .seconds(1)).time(for: 3) == nil)
        #expect(Pace(ended: 1, in: .seconds(2)).shown == "30.0/min")
        #expect(Pace(ended: 5, in: .seconds(2)).shown == "2.5/s")
        #expect(Pace(ended: 5, in: .seconds(2)).time(for: 10) == .seconds(4))
    }
}

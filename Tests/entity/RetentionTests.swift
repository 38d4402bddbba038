import SandmillEntity
import Testing

@Suite("How long things are kept")
struct RetentionTests {
    @Test(arguments: [
        ("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("45s", 45), ("48h", 172_800),
        ("999999999s", 999_999_999), ("999999999d", 3_153_600_000), ("36501d", 3_153_600_000),
    ])
    func aTimeIsANumberWithAUnit(text: String, seconds: Double) throws {
        #expect(try #require(Retention(text: text)).seconds == seconds)
    }

    @Test(arguments: [
        "", "d", "0d", "00d", "05d", "-1d", "+1d", "1", "1.5d", "1 d", " 1d", "1d ", "1D", "1w",
        "1ms", "1234567890s", "٣d", "1d\n", "Forever", "forever ", "infinity", "1e3d",
    ])
    func anythingElseIsNone(text: String) {
        #expect(Retention(text: text) == nil)
    }

    @Test func nothingIsLongerThanForEver() throws {
        let forever = try #require(Retention(text: "forever"))
        #expect(forever == .forever)
        #expect(forever.seconds == .infinity)
        #expect(forever > .days(36_500))
        #expect(Retention.days(1) < .days(2))
    }

    @Test(arguments: [("48h", "2d"), ("90m", "90m"), ("61s", "61s"), ("forever", "forever")])
    func itIsToldInTheLargestUnit(text: String, told: String) {
        #expect(Retention(text: text)?.text == told)
    }

    @Test func aLabelHoldsByItsNameOrItsValue() throws {
        let any = try #require(LabelHold(text: "hold"))
        let one = try #require(LabelHold(text: "legal=yes"))
        #expect(any.holds(["hold": ""]))
        #expect(!any.holds(["Hold": ""]))
        #expect(one.holds(["legal": "yes", "a": "b"]))
        #expect(!one.holds(["legal": "no"]))
        #expect(!one.holds([:]))
        #expect(LabelHold(text: "=x") == nil)
        #expect(LabelHold(text: "") == nil)
    }
}

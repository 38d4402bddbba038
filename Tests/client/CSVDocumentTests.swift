import Testing

@testable import SandmillClient

@Suite struct CSVDocumentTests {
    private static func cell(_ text: String) -> String {
        let document = CSVDocument([[ReportField(name: "a", value: .text(text))]])
        return String(document.text.dropFirst("\"a\"\r\n".count).dropLast())
    }

    @Test func rowsHaveAHeaderAndEndInCRLF() {
        let row = [
            ReportField(name: "name", value: .text("alice")),
            ReportField(name: "signal", value: .none),
            ReportField(name: "time", value: .number("0.5")),
        ]
        #expect(
            CSVDocument([row, row]).text
                == "\"name\",\"signal\",\"time\"\r\n\"alice\",,0.5\r\n\"alice\",,0.5\r\n"
        )
        #expect(CSVDocument([]).text.isEmpty)
    }

    @Test func separatorsAndQuotationMarksStayInTheirCell() {
        #expect(Self.cell("a,b;c") == "\"a,b;c\"")
        #expect(Self.cell("say \"no\"") == "\"say \"\"no\"\"\"")
        #expect(Self.cell("\"") == "\"\"\"\"")
        #expect(Self.cell("") == "\"\"")
    }

    @Test(arguments: [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u{FF1D}1", "\u{FF20}a",
    ])
    func whatASpreadsheetTakesForAFormulaIsText(text: String) {
        #expect(Self.cell(text) == "\"'\(text)\"")
    }

    @Test(arguments: ["1=1", "a-b", "exit code 1: =A1", "'=1", "\u{301}=1"])
    func whatIsNoFormulaIsLeftAlone(text: String) {
        #expect(Self.cell(text) == "\"\(text)\"")
    }
}

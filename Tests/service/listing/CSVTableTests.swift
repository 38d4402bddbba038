import Testing

@testable import SandmillService

@Suite struct CSVTableTests {
    private static func cell(_ text: String) -> String {
        let table = CSVTable(["a"], rows: [[.text(text)]])
        return String(table.text.dropFirst("\"a\"\r\n".count).dropLast())
    }

    @Test func rowsHaveAHeaderAndEndInCRLF() {
        let row: [CSVTable.Value] = [
            .text("alice"), .init(text: nil), .init(number: 0.5), .init(number: Int?.none),
        ]
        #expect(
            CSVTable(["name", "signal", "time", "n"], rows: [row, row]).text
                == "\"name\",\"signal\",\"time\",\"n\"\r\n\"alice\",,0.5,\r\n\"alice\",,0.5,\r\n"
        )
        #expect(CSVTable(["a"], rows: []).text == "\"a\"\r\n")
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

import Testing

@testable import SandmillService

@Suite struct EventDataTests {
    @Test(arguments: [
        (#"{"data":{"a":[1,{"data":2}],"b":"}"},"id":"x"}"#, #"{"a":[1,{"data":2}],"b":"}"}"#),
        (#"{"id":"data","x":{"data":1},"data":[1,2]}"#, "[1,2]"),
        (#"{"id":"\"data\":7","data": null}"#, " null"),
        (#"{"data":"a\\\"},"}"#, #""a\\\"},""#),
    ])
    func itIsTheFieldOfTheDocumentItself(event: String, data: String) throws {
        let bytes = try #require(EventData.bytes(of: Array(event.utf8)))
        #expect(String(decoding: bytes, as: UTF8.self) == data)
    }

    @Test(arguments: ["", "{}", #"{"id":"data"}"#, #"{"x":{"data":1}}"#, #"{"data":{"a":1}"#])
    func withoutItThereIsNone(event: String) {
        #expect(EventData.bytes(of: Array(event.utf8)) == nil)
    }
}

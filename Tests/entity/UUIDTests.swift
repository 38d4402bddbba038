import FoundationEssentials
import SandmillEntity
import Testing

@Suite struct UUIDTests {
    @Test(arguments: [
        "0e8f2c64-00ab-7000-8000-00000000cdef", "0E8F2C64-00AB-7000-8000-00000000CDEF",
    ])
    func textIsReadInEitherCase(text: String) throws {
        #expect(try #require(UUID(text: text)).text == "0e8f2c64-00ab-7000-8000-00000000cdef")
    }

    @Test(arguments: [
        "", "17", "0e8f2c6400ab7000800000000000cdef", "{0e8f2c64-00ab-7000-8000-00000000cdef}",
        "0e8f2c64-00ab-7000-8000-00000000cdef ", " e8f2c64-00ab-7000-8000-00000000cdef",
        "+e8f2c64-00ab-7000-8000-00000000cdef", "0e8f2c64-00ab-7000-8000-00000000cdef\0",
        "0e8f2c64-00ab-7000-8000-00000000cde\u{665}", "0x8f2c64-00ab-7000-8000-00000000cdef",
    ])
    func whatRFC9562DoesNotWriteIsNone(text: String) {
        #expect(UUID(text: text) == nil)
    }
}

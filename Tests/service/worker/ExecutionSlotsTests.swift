import SandmillEntity
import Testing

@testable import SandmillService

@Suite("Places", .timeLimit(.minutes(5)))
struct ExecutionSlotsTests {
    private let places = ExecutionSlots(limit: 8, refill: 4, window: 10, windowSize: .kibibytes(1))
    private let busy = Lane(level: .low, tenant: "busy")
    private let quiet = Lane(level: .high, tenant: "quiet")

    private func fill() {
        for _ in 0..<8 { #expect(places.admit(busy).intent == .run) }
    }

    @Test func whatComesIsHeldWhileThereIsRoom() {
        fill()
        #expect(places.admit(busy).intent == .park)
    }

    @Test func aFullHouseHasRoomForTheFirstOfALane() {
        fill()
        #expect(places.admit(quiet).intent == .run)
        #expect(places.admit(quiet).intent == .park)
    }

    @Test func theReserveIsBounded() {
        fill()
        let newcomers = (0..<10).map { Lane(level: .normal, tenant: "t\($0)") }
        #expect(newcomers.count { places.admit($0).intent == .run } == 2)
    }

    @Test func whileAnythingWaitsWhatComesWaitsToo() {
        fill()
        places.recordParked(busy, size: .zero)
        for _ in 0..<4 { places.leave(busy) }
        #expect(places.admit(busy).intent == .park)
        #expect(places.admit(quiet).intent == .run)
    }

    @Test func theStoreIsAskedOnceThereIsEnoughRoom() {
        fill()
        places.recordParked(busy, size: .zero)
        for _ in 0..<3 { places.leave(busy) }
        #expect(places.room() == nil)
        places.leave(busy)
        let room = places.room()
        #expect(room?.count == 4)
        #expect(room?.held == [busy: 4])
    }

    @Test func theStoreIsNotAskedWhileNothingWaitsThere() {
        #expect(places.room() == nil)
        places.assumeParked()
        #expect(places.room()?.count == 8)
    }

    @Test func anAnswerBelowWhatWasAskedMeansThatNothingWaits() throws {
        places.assumeParked()
        let room = try #require(places.room())
        places.fill([(busy, .zero)], of: room)
        #expect(places.admit(busy).intent == .run)
        #expect(places.room() == nil)
    }

    @Test func whatWasParkedMeanwhileIsNotForgotten() throws {
        places.assumeParked()
        let room = try #require(places.room())
        places.recordParked(busy, size: .zero)
        places.fill([], of: room)
        #expect(places.room()?.count == 8)
    }

    @Test func aFullAnswerMeansThatMoreMayWait() throws {
        for _ in 0..<4 { #expect(places.admit(busy).intent == .run) }
        places.assumeParked()
        let room = try #require(places.room())
        for _ in 0..<4 { places.leave(busy) }
        places.fill(Array(repeating: (busy, .zero), count: 4), of: room)
        #expect(places.room()?.count == 4)
    }

    private func parkAWindow(_ lane: Lane, size: ByteCount = .kibibytes(1)) {
        for _ in 0..<10 { places.recordParked(lane, size: size) }
    }

    @Test func aLaneIsClosedWhileItsWindowIsFullAndNoOther() {
        fill()
        for _ in 0..<10 {
            #expect(places.isOpen(busy))
            places.recordParked(busy, size: .kibibytes(1))
        }
        #expect(!places.isOpen(busy))
        #expect(places.isOpen(quiet))
        #expect(places.isOpen(Lane(level: .high, tenant: "busy")))
    }

    @Test func aLaneIsOpenHoweverManyWaitWhileTheirRequestsTakeLittle() {
        parkAWindow(busy, size: .zero)
        parkAWindow(busy, size: .zero)
        #expect(places.isOpen(busy))
        places.recordParked(busy, size: .kibibytes(1))
        #expect(!places.isOpen(busy))
    }

    @Test func aLaneOpensWhenItsExecutionsAreTaken() throws {
        parkAWindow(busy)
        let room = try #require(places.room())
        places.fill([(busy, .kibibytes(1))], of: room)
        #expect(places.isOpen(busy))
    }

    @Test func aCountClosesLanesAndOpensThem() {
        parkAWindow(busy)
        let limit = places.beginCount()
        places.correct([quiet: LaneBacklog(count: 10, size: .kibibytes(1))], upTo: limit)
        #expect(places.isOpen(busy))
        #expect(!places.isOpen(quiet))
    }

    @Test func whatIsParkedDuringACountCountsToo() {
        let limit = places.beginCount()
        parkAWindow(busy)
        places.correct([:], upTo: limit)
        #expect(!places.isOpen(busy))
    }

    @Test func aCountOfOnlySomeOpensNothing() {
        parkAWindow(busy)
        places.correct([quiet: LaneBacklog(count: 5)], upTo: 5)
        #expect(!places.isOpen(busy))
    }

    @Test func aLaneThatHoldsNothingAnyMoreIsAskedForAtOnce() throws {
        fill()
        #expect(places.admit(quiet).intent == .run)
        places.recordParked(quiet, size: .zero)
        #expect(places.room() == nil)
        places.leave(quiet)
        #expect(places.room()?.newcomers == 2)
    }

    @Test func aFullHouseAsksForLanesThatHoldNothingOnlyWhenItIsTimeTo() throws {
        fill()
        places.recordParked(busy, size: .zero)
        #expect(places.room() == nil)
        places.correct([busy: LaneBacklog(count: 3)], upTo: places.beginCount())
        let room = try #require(places.room())
        #expect(room.count == 0)
        #expect(room.newcomers == 2)
        places.fill([(quiet, .zero)], of: room)
        #expect(places.room() == nil)
    }

    @Test func aLaneThatWaitsInTheStoreIsNotOvertakenByItsNext() {
        fill()
        #expect(places.admit(quiet).intent == .run)
        places.recordParked(quiet, size: .zero)
        places.leave(quiet)
        #expect(places.admit(quiet).intent == .park)
    }

    @Test func aLaneThatIsParkedWhileItHoldsNothingIsAskedForAtOnce() throws {
        fill()
        for number in 0..<2 {
            #expect(places.admit(Lane(level: .high, tenant: "\(number)")).intent == .run)
        }
        #expect(places.admit(quiet).intent == .park)
        places.recordParked(quiet, size: .zero)
        #expect(places.room() == nil)
        places.leave(busy)
        let room = try #require(places.room())
        #expect(room.count == 0)
        #expect(room.newcomers == 1)
    }

    @Test func aLaneOfWhichNothingWaitsAnyMoreIsFirstAgain() throws {
        fill()
        places.recordParked(busy, size: .zero)
        places.recordParked(quiet, size: .zero)
        let asked = try #require(places.room())
        places.fill([], of: asked)
        #expect(places.admit(quiet).intent == .run)
    }

    @Test func whatIsLargeWaitsInTheStoreWhileAsMuchIsHeldAsMayBe() throws {
        let places = ExecutionSlots(
            limit: 8,
            refill: 4,
            window: 10,
            windowSize: .kibibytes(1),
            byteLimit: 100
        )
        for size in [60, 60] { #expect(places.admit(busy, size: size).intent == .run) }
        #expect(places.admit(busy, size: 1).intent == .park)
        // A quarter is kept for lanes that hold nothing.
        #expect(places.admit(quiet, size: 20).intent == .run)
        #expect(places.admit(Lane(level: .low, tenant: "late"), size: 1).intent == .park)
        places.leave(quiet, size: 20)
        places.assumeParked()
        #expect(places.room()?.count == 0)
        places.leave(busy, size: 60)
        #expect(places.room()?.count == 7)
    }

    @Test func anAnswerThatIsShortForItsBytesMeansThatMoreMayWait() throws {
        places.assumeParked()
        let room = try #require(places.room())
        places.fill([(busy, ByteCount(TakeRequest.byteLimit + 1))], of: room)
        #expect(places.room()?.count == 7)
    }

    @Test func closingEndsEveryWait() async {
        fill()
        for _ in 0..<10 { places.recordParked(busy, size: .zero) }
        places.close()
        for await _ in places.vacancies {}
        #expect(places.room() == nil)
    }
}

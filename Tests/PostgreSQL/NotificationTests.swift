import PostgreSQL
import Testing

@Suite("Notifications", .serialized, .timeLimit(.minutes(5)))
struct NotificationTests {
    @Test func theyArriveWhileTheConnectionIsIdle() async throws {
        let listener = try await Connection.open(try Server.configuration())
        let sender = try await Connection.open(try Server.configuration())
        try await listener.listen(to: #"odd "channel" 1"#)
        try await sender.query("select pg_notify($1, $2)", [#"odd "channel" 1"#, "héllo"])
        try await sender.query("select pg_notify($1, '')", [#"odd "channel" 1"#])
        var received: [Notification] = []
        for await notification in listener.notifications {
            received.append(notification)
            if received.count == 2 { break }
        }
        #expect(received.map(\.payload) == ["héllo", ""])
        #expect(received.allSatisfy { $0.channel == #"odd "channel" 1"# })
        let processID = try await sender.backendProcessID
        #expect(received.allSatisfy { $0.senderProcessID == processID })
    }

    @Test func theyArriveWhileStatementsRun() async throws {
        let connection = try await Connection.open(try Server.configuration())
        try await connection.listen(to: "busy")
        for number in 1...3 {
            try await connection.query("select pg_notify('busy', $1)", ["\(number)"])
        }
        var payloads: [String] = []
        for await notification in connection.notifications {
            payloads.append(notification.payload)
            if payloads.count == 3 { break }
        }
        #expect(payloads == ["1", "2", "3"])
    }

    @Test func theyEndWithTheSession() async throws {
        let listener = try await Connection.open(try Server.configuration())
        try await listener.listen(to: "ending")
        try await Server.terminate(listener)
        for await _ in listener.notifications {}
        #expect(listener.isClosed)
    }
}

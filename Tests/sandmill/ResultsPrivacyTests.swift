import Foundation
import Glibc
import Testing

extension SystemTests {
    /// Who may read results.
    ///
    /// Other users are needed, so that the tests must be run by root.
    @Suite(.installationWithoutWorker, .enabled(if: geteuid() == 0), .timeLimit(.minutes(5)))
    struct ResultsPrivacyTests {
        private static let group = 54_321
        private static let member = user("--groups", "\(group)")
        private static let stranger = user("--clear-groups")

        /// What starts a process as nobody.
        private static func user(_ groups: String...) -> [String] {
            ["setpriv", "--reuid", "65534", "--regid", "65534"] + groups
        }

        @Test func onlyTheGroupReadsResultsWhateverTheUmask() async throws {
            let installation = try Installation.current
            let root = installation.directory.appending(path: "private")
            let settings = [
                "SANDMILL_RESULTS_ROOT": root.path(), "SANDMILL_RESULTS_GROUP": "\(Self.group)",
            ]
            let worker = try await installation.startWorker(
                "worker-a",
                settings: settings,
                by: Installation.shell("umask 077")
            )
            let data = try await installation.result(
                of: """
                    import os
                    os.mkdir("deep")
                    open("deep/out.txt", "w").write("written")
                    print("x" * 600_000)
                    """,
                ["outputs": ["**"], "cases": [["name": "a"], ["name": "b"]]]
            )
            #expect(data["state"] == "succeeded")
            let id = try #require(data["id"].string)
            try expectPrivate(root)

            let arguments = ["output", id]
            let read = try await installation.run(arguments, settings: settings, by: Self.member)
            #expect(read.exitCode == 0, "\(read.errors)")
            #expect(read.output.first?.count == 600_000)
            let unread = try await installation.run(
                arguments,
                settings: settings,
                by: Self.stranger
            )
            #expect(unread.exitCode == 69)
            #expect(unread.errors.contains("Permission denied"))

            let gateway = try await installation.open(
                "gateway",
                settings: settings,
                by: Self.member
            )
            let file = try await gateway.ask(
                "/execute/\(id)/files/cases/1/files/deep/out.txt"
            )
            #expect(file.status == 200)
            #expect(file.text == "written")
            try await installation.stop(gateway.process)
            try await installation.stop(worker)
        }

        /// Checks all that is there, the root included.
        private func expectPrivate(_ root: URL) throws {
            let paths = FileManager.default.enumerator(atPath: root.path())
            var count = 0
            for path in [""] + (paths?.compactMap { $0 as? String } ?? []) {
                let attributes = try FileManager.default.attributesOfItem(
                    atPath: root.appending(path: path).path()
                )
                let isDirectory = attributes[.type] as? FileAttributeType == .typeDirectory
                let mode = attributes[.posixPermissions] as? Int
                #expect(mode == (isDirectory ? 0o750 : 0o640), "\(path)")
                #expect(attributes[.groupOwnerAccountID] as? Int == Self.group, "\(path)")
                count += 1
            }
            #expect(count > 20)
        }

        @Test func aGroupThatIsUnknownIsRefusedAtTheStart() async throws {
            let ended = try await Installation.current.run(
                ["worker"],
                settings: ["SANDMILL_RESULTS_GROUP": "no-such-group"]
            )
            #expect(ended.exitCode == 78)
            #expect(ended.errors.contains("results.group: there is no group \"no-such-group\""))
        }

        @Test func aGroupThatIsNotOursIsRefusedAtTheStart() async throws {
            let ended = try await Installation.current.run(
                ["worker"],
                settings: ["SANDMILL_RESULTS_GROUP": "root"],
                by: Self.stranger
            )
            #expect(ended.exitCode == 78)
            #expect(ended.errors.contains("files cannot be given to the group \"root\""))
        }

        @Test func doctorSaysThatOthersMayLookIntoTheRoot() async throws {
            let installation = try Installation.current
            try setMode(0o755, of: installation.results)
            let open = try await installation.run(["doctor"])
            #expect(open.output.contains { $0.contains("chmod o= \(installation.results.path())") })
            try setMode(0o750, of: installation.results)
            let closed = try await installation.run(["doctor"])
            #expect(!closed.output.contains { $0.contains("chmod") })
        }

        private func setMode(_ mode: Int, of file: URL) throws {
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: file.path()
            )
        }
    }
}

import FaultyProxy
import Foundation
import PrivateBucket
import Testing

extension SystemTests {
    /// Results in a bucket, with hosts that have no directory in common.
    @Suite(.timeLimit(.minutes(5)))
    struct UploadTests {
        /// The settings of all processes, by a way to the bucket.
        private static func settings(
            _ bucket: PrivateBucket,
            port: Int? = nil,
            _ more: [String: String] = [:]
        ) -> [String: String] {
            [
                "BUCKET": bucket.name, "ENDPOINT": "http://127.0.0.1:\(port ?? bucket.port)",
                "REGION": "eu-central-1", "PREFIX": "p/", "PATH_STYLE": "true",
                "ACCESS_KEY": "access", "SECRET_KEY": "secret",
            ]
            .merging(more) { $1 }
            .reduce(into: [:]) { $0["SANDMILL_RESULTS_UPLOAD_\($1.key)"] = $1.value }
        }

        /// A root of one process alone.
        private static func root(
            _ name: String,
            in installation: Installation
        ) -> [String: String] {
            ["SANDMILL_RESULTS_ROOT": installation.directory.appending(path: name).path()]
        }

        private static func files(of root: String, in installation: Installation) -> [String] {
            let directory = installation.directory.appending(path: root).path()
            let paths = FileManager.default.enumerator(atPath: directory)?.compactMap {
                $0 as? String
            }
            return (paths ?? []).filter {
                $0.hasSuffix("/result.json") && !$0.hasPrefix(".staging")
            }
        }

        private static let program: JSON = [
            "source": """
            import os
            os.mkdir('a=b')
            open('a=b/ä +%.html', 'w').write('<script>' + 'x' * 3000)
            print('out')
            """
        ]
        private static let file = "/files/a%3Db/%C3%A4%20%2B%25.html"

        /// The keys of results, without what only shows that the bucket can be written.
        private static func results(in bucket: PrivateBucket) throws -> [String] {
            try bucket.objects().keys.filter { !$0.hasPrefix("p/.probe/") }
        }

        /// What the bucket has of a result is what its document says.
        private static func check(_ result: JSON, in bucket: PrivateBucket) throws {
            let path = try #require(result["results_path"].string)
            let objects = try bucket.objects().filter { $0.key.hasPrefix("p/\(path)/") }
            #expect(
                Set(objects.keys.map { $0.dropFirst(path.count + 3) })
                    == ["stdout", "stderr", "result.json", "files/a=b/ä +%.html"]
            )
            #expect(try bucket.content(of: "p/\(path)/stdout") == Data("out\n".utf8))
        }

        @Test(.installationWithoutWorker)
        func twoWorkersAndAGatewayNeedNoDirectoryInCommon() async throws {
            let installation = try Installation.current
            let bucket = try PrivateBucket()
            let settings = Self.settings(bucket)
            func all(_ root: String) -> [String: String] {
                settings.merging(Self.root(root, in: installation)) { $1 }
            }
            let gateway = try await installation.open("gateway", settings: all("root-g"))
            for name in ["worker-a", "worker-b"] {
                let worker = try await installation.startWorker(name, settings: all("root-\(name)"))
                let answer = try await gateway.submit(Self.program)
                #expect(answer.status == 200, "\(answer.text)")
                let result = try answer.json
                #expect(result["worker"] == .string(name))
                try Self.check(result, in: bucket)
                #expect(Self.files(of: "root-\(name)", in: installation).isEmpty)
                let id = try #require(result["id"].string)
                #expect(try await gateway.ask("/execute/\(id)/stdout").text == "out\n")
                let part = try await gateway.ask("/execute/\(id)\(Self.file)", "-r", "6-9")
                #expect(part.status == 206)
                #expect(part.text == "t>xx")
                #expect(part.fields["content-range"] == "bytes 6-9/3008")
                #expect(part.fields["content-type"] == "application/octet-stream")
                #expect(part.fields["content-security-policy"]?.contains("sandbox") == true)
                let output = try await installation.run(["output", id], settings: all("root-none"))
                #expect(output.output == ["out"])
                let check = try await installation.run(
                    ["results", "check", "--older-than", "1s"],
                    settings: all("root-none")
                )
                #expect(check.exitCode == 0, "\(check.output)")
                try await installation.stop(worker)
            }
            let ready = try await gateway.ask("/readyz")
            let checks = try ready.json["checks"].elements
            #expect(checks.contains { $0["name"] == "bucket" && $0["status"] == "ok" })
            // Both results go, whoever put them there.
            let removing = ["SANDMILL_RETENTION_SUCCEEDED": "1s"]
            try await installation.query("update sweeps set due_at = now()")
            let keeper = try await installation.startWorker(
                "worker-c",
                settings: all("root-c").merging(removing) { $1 }
            )
            try await eventually(within: .seconds(90), "all is removed") {
                try Self.results(in: bucket).isEmpty
            }
            try await installation.stop(keeper)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func withoutTheBucketNothingEndsAndAllGoesOnWhenItIsBack() async throws {
            let installation = try Installation.current
            let bucket = try PrivateBucket()
            let proxy = FaultyProxy(before: bucket.port)
            defer { proxy.stop() }
            let settings = Self.settings(bucket, port: proxy.port)
            let worker = try await installation.startWorker("worker-a", settings: settings)
            proxy.mode = .refusing
            proxy.cut()
            var ids: [UUID] = []
            for _ in 1...4 { ids.append(try await installation.submit(Self.program)) }
            try await within(.seconds(60), "intake stops") {
                try await worker.errors.skip(to: "Nothing is claimed while results")
            }
            let late = try await installation.submit(Self.program)
            try await eventually(within: .seconds(60), "nothing runs") {
                try await installation.query("select 1 from executions where state = 'running'")
                    .isEmpty
            }
            #expect(
                try await installation.query(
                    "select 1 from executions where finished_at is not null"
                )
                .isEmpty
            )
            #expect(try Self.results(in: bucket).isEmpty)
            proxy.mode = .forwarding
            for id in ids + [late] {
                let event = try await installation.events.finished(id, within: .seconds(90))
                #expect(event["data"]["state"] == "succeeded")
                try Self.check(event["data"], in: bucket)
            }
            let counted = try await installation.query(
                "select 1 from attempts where state = 'errored' and is_counted"
            )
            #expect(counted.isEmpty)
            try await installation.stop(worker)
            #expect(!worker.errors.text.contains("secret"))
        }

        @Test(.installationWithoutWorker)
        func whatWaitsForTheBucketOutlivesItsWorkerAndBoundsIntake() async throws {
            let installation = try Installation.current
            let bucket = try PrivateBucket()
            let proxy = FaultyProxy(before: bucket.port)
            defer { proxy.stop() }
            proxy.mode = .refusing
            let settings = Self.settings(
                bucket,
                port: proxy.port,
                ["WHEN": "behind", "SPOOL": "20KiB"]
            )
            let first = try await installation.startWorker("worker-a", settings: settings)
            var results: [JSON] = []
            for _ in 1...2 {
                let id = try await installation.submit(Self.program)
                results.append(try await installation.events.finished(id)["data"])
            }
            let elsewhere = settings.merging(Self.root("root-g", in: installation)) { $1 }
            let gateway = try await installation.open("gateway", settings: elsewhere)
            let id = try #require(results[0]["id"].string)
            #expect(try await gateway.ask("/execute/\(id)/stdout").status == 503)
            let check = try await installation.run(
                ["results", "check", "--repair"],
                settings: elsewhere.merging(Self.settings(bucket, ["WHEN": "behind"])) { $1 }
            )
            #expect(check.exitCode == 1)
            #expect(check.output.filter { $0.hasPrefix("missing") }.count == 2)
            #expect(check.errors.contains("2 found, 0 mended"))
            first.kill()
            _ = try await first.exitCode()
            // Its successor has 20 KiB to upload after three more.
            let second = try await installation.startWorker("worker-b", settings: settings)
            var ids: [UUID] = []
            for _ in 1...8 { ids.append(try await installation.submit(Self.program)) }
            try await within(.seconds(60), "intake stops") {
                try await second.errors.skip(to: "Nothing is claimed while results")
            }
            #expect(second.errors.text.contains("results.upload.spool"))
            #expect(try Self.results(in: bucket).isEmpty)
            proxy.mode = .forwarding
            for id in ids {
                results.append(
                    try await installation.events.finished(id, within: .seconds(90))["data"]
                )
            }
            try await eventually(within: .seconds(60), "all is uploaded") {
                Self.files(of: "results", in: installation).isEmpty
            }
            for result in results {
                #expect(result["state"] == "succeeded")
                try Self.check(result, in: bucket)
            }
            #expect(try await gateway.ask("/execute/\(id)/stdout").text == "out\n")
            try await installation.stop(second)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func whoAsksForAFileIsSentToTheBucketWhereThatIsWanted() async throws {
            let installation = try Installation.current
            let bucket = try PrivateBucket()
            let serve = try await installation.open(
                settings: Self.settings(bucket, ["REDIRECT": "true"])
            )
            let id = try #require(try await serve.submit(Self.program).json["id"].string)
            let answer = try await serve.ask("/execute/\(id)\(Self.file)")
            #expect(answer.status == 307)
            #expect(answer.fields["cache-control"] == "no-store")
            let location = try #require(answer.fields["location"])
            #expect(location.hasPrefix("http://127.0.0.1:\(bucket.port)/\(bucket.name)/p/"))
            let file = try await serve.ask("/execute/\(id)\(Self.file)", "-L", "-r", "0-8")
            #expect(file.status == 206)
            #expect(file.text == "<script>x")
            #expect(file.fields["content-type"] == "application/octet-stream")
            #expect(file.fields["content-disposition"]?.hasPrefix("attachment") == true)
            // Nothing has no place to be sent to.
            #expect(try await serve.ask("/execute/\(id)/stderr").status == 200)
            let doctor = try await installation.run(["doctor"], settings: Self.settings(bucket))
            #expect(doctor.output.contains { $0.contains("bucket: \(bucket.name) can be written") })
            let wrong = try await installation.run(
                ["doctor"],
                settings: Self.settings(bucket, ["BUCKET": "no-such-bucket"])
            )
            #expect(
                wrong.output.contains {
                    $0.hasPrefix("FAIL  bucket") && $0.contains("NoSuchBucket")
                }
            )
            try await installation.stop(serve.process)
        }
    }
}

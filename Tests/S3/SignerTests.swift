import Foundation
import Hashing
import PrivateBucket
import Testing

@testable import S3

/// Signatures, compared with those that AWS has published and with botocore's.
@Suite(.timeLimit(.minutes(5))) struct SignerTests {
    /// Names as a hostile program chooses them, once they are text, and what other clients of ours might be given.
    static let keys = [
        "plain", "a b", " a", "a ", "a  b", "a=b", "=", "a=b=c/d=e", "a+b", "a%20b", "%", "%%",
        "%zz", "a//b", "a/",
        ".hidden", "..a", "a/./b", "a/../b", "~", "*", "'", "\"", "(", ")", "!", "$", "&", ",", ";",
        ":", "@", "?",
        "a?b=c&d", "#", "[x]", "{x}", "\\", "\\x01\\xff", "^", "`", "|", "<x>", "\u{e4}",
        "a\u{308}",
        "日本語/ファイル", "🎉",
        "a\u{1}b", "a\tb", "a\nb", "a\r\nb", "\u{7f}", "\u{85}", "\u{feff}", "\u{202e}gpj", "-",
        "--", "_",
    ]

    private static let example = Signer(
        credentials: Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
        region: "us-east-1"
    )
    /// 24 May 2013, 00:00.
    private static let day = Date(timeIntervalSince1970: 1_369_353_600)
    private static let host = "examplebucket.s3.amazonaws.com"

    /// The examples of "Signature Calculations for the Authorization Header", Amazon S3 API Reference.
    @Test(arguments: [
        (
            Signer.Subject(
                method: "GET",
                host: host,
                path: "/test.txt",
                headers: ["range": "bytes=0-9"]
            ), "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        (
            Signer.Subject(
                method: "PUT",
                host: host,
                path: "/test%24file.text",
                headers: [
                    "date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                ]
            ), "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        (
            Signer.Subject(method: "GET", host: host, path: "/", query: ["lifecycle": ""]), "",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        (
            Signer.Subject(
                method: "GET",
                host: host,
                path: "/",
                query: ["max-keys": "2", "prefix": "J"]
            ), "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ])
    func publishedExamplesAreSignedAsPublished(
        subject: Signer.Subject,
        body: String,
        signature: String
    ) {
        let headers = Self.example.headers(
            of: subject,
            payload: SHA256.hash(body.utf8),
            at: Self.day
        )
        #expect(headers["authorization"]?.hasSuffix("Signature=\(signature)") == true)
    }

    @Test func aPublishedLinkIsSignedAsPublished() {
        let query = Self.example.query(
            of: Signer.Subject(method: "GET", host: Self.host, path: "/test.txt"),
            for: .seconds(86_400),
            at: Self.day
        )
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        #expect(query.hasSuffix("X-Amz-Signature=\(signature)"))
    }

    @Test func whatBotocoreSendsIsSignedAsBotocoreDoes() throws {
        let store = try PrivateBucket()
        for key in Self.keys {
            let checksum = Data(SHA256.hash("x".utf8).bytes).base64EncodedString()
            let requests = [
                (
                    "PUT",
                    try store.signed(
                        "put_object",
                        ["Key": key, "Body": "x", "ChecksumSHA256": checksum]
                    ), "x"
                ),
                ("GET", try store.signed("get_object", ["Key": key, "Range": "bytes=0-9"]), ""),
                ("DELETE", try store.signed("delete_object", ["Key": key]), ""),
            ]
            for (method, (url, headers), body) in requests {
                let path = "/\(store.name)/\(key.percentEncoded(leaving: "/"))"
                #expect(url == "http://127.0.0.1:\(store.port)\(path)", "\(key.debugDescription)")
                try expect(method, store.host, path, [:], signed: headers, body: body, key)
            }
        }
    }

    @Test func whatBotocoreListsIsSignedAsBotocoreDoes() throws {
        let store = try PrivateBucket()
        for key in Self.keys {
            let (url, headers) = try store.signed(
                "list_objects_v2",
                ["Prefix": key, "Delimiter": "/", "EncodingType": "url"]
            )
            let query = ["list-type": "2", "prefix": key, "delimiter": "/", "encoding-type": "url"]
            let parts = url.split(separator: "?", maxSplits: 1).map(String.init)
            try #require(parts.count == 2)
            #expect(
                Set(parts[1].split(separator: "&"))
                    == Set(Signer.encode(query).split(separator: "&")),
                "\(key.debugDescription)"
            )
            try expect("GET", store.host, "/\(store.name)", query, signed: headers, body: "", key)
        }
    }

    @Test func aLinkIsTheOneOfBotocore() throws {
        let store = try PrivateBucket()
        for key in Self.keys {
            let disposition = "attachment; filename*=UTF-8''\(key.percentEncoded())"
            let theirs = try store.link(key, disposition: disposition)
            let date = try #require(theirs.firstMatch(of: /X-Amz-Date=([0-9TZ]+)/)?.1)
            let ours = store.bucket.link(
                to: key,
                for: .seconds(300),
                fields: [
                    "content-disposition": disposition, "content-type": "application/octet-stream",
                ],
                at: try Self.date(String(date))
            )
            #expect(Self.parts(of: ours) == Self.parts(of: theirs), "\(key.debugDescription)")
        }
    }

    @Test func aTokenIsSignedToo() {
        let signer = Signer(
            credentials: Credentials(accessKey: "a", secretKey: "s", sessionToken: "token"),
            region: "r"
        )
        let subject = Signer.Subject(method: "GET", host: "h", path: "/")
        let headers = signer.headers(of: subject, payload: SHA256.hash([]), at: Self.day)
        #expect(headers["x-amz-security-token"] == "token")
        #expect(headers["authorization"]?.contains("x-amz-security-token") == true)
        let query = signer.query(of: subject, for: .seconds(1), at: Self.day)
        #expect(query.contains("X-Amz-Security-Token=token"))
    }

    @Test func noTextTellsASecret() {
        let credentials = Credentials(
            accessKey: "ACCESS",
            secretKey: "SECRET",
            sessionToken: "TOKEN"
        )
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(Self.settings("b", port: 1, credentials: credentials), to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            for secret in ["ACCESS", "SECRET", "TOKEN"] { #expect(!text.contains(secret)) }
        }
    }

    /// Signs what botocore has signed, with its date, and compares.
    private func expect(
        _ method: String,
        _ host: String,
        _ path: String,
        _ query: [String: String],
        signed theirs: [String: String],
        body: String,
        _ key: String
    ) throws {
        let authorization = try #require(theirs["authorization"])
        let names = try #require(authorization.firstMatch(of: /SignedHeaders=([^,]+)/)?.1)
            .split(separator: ";").map(String.init)
        let date = try Self.date(try #require(theirs["x-amz-date"]))
        let payload = SHA256.hash(body.utf8)
        #expect(theirs["x-amz-content-sha256"] == payload.hexadecimal)
        let ours = Signer(credentials: Self.credentials, region: "eu-central-1").headers(
            of: Signer.Subject(
                method: method,
                host: host,
                path: path,
                query: query,
                headers: theirs.filter { names.contains($0.key) && $0.key != "host" }
            ),
            payload: payload,
            at: date
        )
        #expect(ours["authorization"] == authorization, "\(key.debugDescription)")
    }
}

extension SignerTests {
    static let credentials = Credentials(accessKey: "access", secretKey: "secret")

    static func settings(
        _ name: String,
        port: Int,
        credentials: Credentials = Self.credentials
    ) -> Bucket.Settings {
        Bucket.Settings(
            endpoint: "http://127.0.0.1:\(port)",
            region: "eu-central-1",
            name: name,
            credentials: credentials,
            usesPathStyle: true
        )
    }

    private static func date(_ text: String) throws -> Date {
        let style = Date.ISO8601FormatStyle(
            dateSeparator: .omitted,
            timeSeparator: .omitted,
            timeZoneSeparator: .omitted
        )
        return try style.parse(text)
    }

    /// What is before the query, and the parts of that, in whatever order.
    private static func parts(of url: String) -> Set<Substring> {
        Set(url.split { "?&".contains($0) })
    }
}

extension PrivateBucket {
    fileprivate var host: String { "127.0.0.1:\(port)" }

    /// The bucket as our client sees it.
    var bucket: Bucket { Bucket(SignerTests.settings(name, port: port)) }
}

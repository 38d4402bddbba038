import Glibc
import Testing

@testable import SandboxAgentCore

struct MountTableTests {
    @Test func mountsAreReadWithTheirOwnOptions() {
        let table = MountTable(
            """
            76 50 0:39 / / ro,relatime master:3 - overlay overlay rw,lowerdir=/a:/b
            91 78 0:41 / /dev/mqueue rw,nosuid,nodev - mqueue mqueue rw
            94 76 0:49 / /work rw,nosuid shared:1 master:2 - tmpfs tmpfs rw,size=65536k

            """
        )
        #expect(table?.mounts.map(\.path) == ["/", "/dev/mqueue", "/work"])
        #expect(table?.mounts.map(\.type) == ["overlay", "mqueue", "tmpfs"])
        #expect(table?.mounts.map(\.isWritable) == [false, true, true])
    }

    @Test(arguments: [
        "x", "94 76 0:49 / /work rw,nosuid", "94 76 0:49 / /a\\040b rw - tmpfs tmpfs rw",
    ])
    func lineThatIsNotUnderstoodIsRefused(_ line: String) {
        #expect(MountTable(line) == nil)
    }

    @Test func directoryInWhichOthersAreMountedIsNoLongerWritable() throws {
        let directory = try TemporaryDirectory()
        for name in ["groups", "groups/memory", "scratch"] { try directory.makeDirectory(name) }
        for name in ["groups", "scratch"] {
            _ = unsafe chmod("\(directory.path)/\(name)", 0o1777)
        }
        let table = try #require(
            MountTable(
                """
                94 76 0:49 / \(directory.path)/groups rw,nosuid - tmpfs cgroup rw
                95 94 0:50 / \(directory.path)/groups/memory ro,nosuid - cgroup cgroup rw,memory
                96 76 0:51 / \(directory.path)/scratch rw,nosuid - tmpfs tmpfs rw
                """
            )
        )
        try table.protectParents()
        let places = try table.writablePlaces(besides: "/work")
        #expect(places.map(\.path) == ["\(directory.path)/scratch"])
        var status = stat()
        #expect(unsafe stat("\(directory.path)/groups", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o755)
    }
}

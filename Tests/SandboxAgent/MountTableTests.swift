import SandboxAgentCore
import Testing

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
}

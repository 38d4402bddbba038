import SandboxAgentCore
import Testing

struct UserMapTests {
    private let programs: Range<UInt64> = 100_000..<(1 << 30)

    @Test func aHostsOwnUsersAreAllMapped() {
        #expect(UserMap("         0          0 4294967295\n").maps(programs))
    }

    @Test(arguments: [
        "0 231072 65536\n", "0 1000 1\n1 100000 65536\n", "0 100000 1000000\n", "", "nonsense\n",
    ])
    func theUsualRangeOfAnEngineWithoutRootIsTooSmall(text: String) {
        #expect(!UserMap(text).maps(programs))
    }

    @Test func aLargeRangeIsEnough() {
        #expect(UserMap("0 1000 1\n1 100000 1073741824\n").maps(programs))
    }
}

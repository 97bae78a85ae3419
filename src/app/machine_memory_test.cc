#include "app/machine_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "base/units.h"

namespace safelight::app {
namespace {

namespace fs = std::filesystem;

/// What a process sees of its control groups.
class MachineMemory : public testing::Test {
  protected:
    MachineMemory() : root_(fs::temp_directory_path() / ("machine-memory-" + std::to_string(::getpid()))) {}
    ~MachineMemory() override { fs::remove_all(root_); }

    void write(const std::string& name, const std::string& text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name) << text << '\n';
    }
    [[nodiscard]] std::uint64_t found() const { return available_memory_bytes(root_); }

    const std::uint64_t machine_ = available_memory_bytes("/nowhere");

  private:
    const fs::path root_;
};

TEST_F(MachineMemory, WithoutGroupsItIsTheMachines) {
    EXPECT_GT(machine_, 64 * MiB);
    EXPECT_EQ(found(), machine_);
    write("proc/self/cgroup", "0::/");
    EXPECT_EQ(found(), machine_);
}

TEST_F(MachineMemory, AContainerSeesItsOwnGroupAtTheTop) {
    write("proc/self/cgroup", "0::/");
    write("sys/fs/cgroup/memory.max", std::to_string(48 * MiB));
    EXPECT_EQ(found(), 48 * MiB);
    write("sys/fs/cgroup/memory.max", "max");
    EXPECT_EQ(found(), machine_);
}

TEST_F(MachineMemory, AUnitsLimitCountsAndThatOfASliceAroundIt) {
    write("proc/self/cgroup", "0::/system.slice/safelight.service");
    write("sys/fs/cgroup/system.slice/safelight.service/memory.max", std::to_string(48 * MiB));
    write("sys/fs/cgroup/system.slice/memory.max", "max");
    EXPECT_EQ(found(), 48 * MiB);
    write("sys/fs/cgroup/system.slice/memory.max", std::to_string(32 * MiB));
    EXPECT_EQ(found(), 32 * MiB);
    write("sys/fs/cgroup/memory.max", "max");
    write("sys/fs/cgroup/elsewhere.slice/memory.max", std::to_string(MiB));
    EXPECT_EQ(found(), 32 * MiB);
}

TEST_F(MachineMemory, TheFirstVersionHasAFolderForMemory) {
    write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/");
    write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", std::to_string(48 * MiB));
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
    EXPECT_EQ(found(), 48 * MiB);
    // A container without a name space of groups: the path is the machine's.
    write("proc/self/cgroup", "4:memory:/path/of/the/machine");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(40 * MiB));
    EXPECT_EQ(found(), 40 * MiB);
}

TEST_F(MachineMemory, LinesThatAreNoneAreLeftOut) {
    write("proc/self/cgroup", "\nmemory\n4:memory\n5:hugememory:/\n0::/a");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(MiB));
    EXPECT_EQ(found(), machine_);
}

}  // namespace
}  // namespace safelight::app

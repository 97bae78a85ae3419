#include "renderer/wire/channel.h"

#include <gtest/gtest.h>

#include <array>

#include "renderer/wire/memory_file.h"

namespace safelight::wire {
namespace {

class ChannelTest : public testing::Test {
  protected:
    std::array<Descriptor, 2> sockets = Channel::pair().value();
    Channel near{std::move(sockets[0])};
    Channel far{std::move(sockets[1])};
};

const std::vector<std::byte> message(1'000, std::byte{7});

Descriptor file_of(std::string_view text) {
    MemorySource source(std::as_bytes(std::span(text)));
    return make_sealed_copy(source).value();
}

std::string text_of(const Descriptor& file) {
    std::string text(size_of(file).value(), ' ');
    EXPECT_TRUE(read_exactly(file, 0, std::as_writable_bytes(std::span(text))));
    return text;
}

TEST_F(ChannelTest, AMessageBringsItsDescriptors) {
    const Descriptor first = file_of("first");
    const Descriptor second = file_of("second");
    const std::array descriptors{first.get(), second.get()};
    ASSERT_TRUE(near.send(message, descriptors));
    const auto incoming = far.receive(true);
    ASSERT_TRUE(incoming);
    EXPECT_TRUE(std::ranges::equal(incoming->message, message));
    EXPECT_EQ(text_of(incoming->descriptors[0]), "first");
    EXPECT_EQ(text_of(incoming->descriptors[1]), "second");
}

TEST_F(ChannelTest, ADescriptorThatIsNotWantedIsAnError) {
    const std::array descriptors{0};
    ASSERT_TRUE(near.send(message, descriptors));
    EXPECT_FALSE(far.receive(false));
}

TEST_F(ChannelTest, TheEndIsAnEmptyMessage) {
    EXPECT_FALSE(far.wait(Milliseconds{1}));
    {
        const Channel gone = std::move(near);
    }
    EXPECT_TRUE(far.wait(Milliseconds{1'000}));
    EXPECT_TRUE(far.receive(false)->message.empty());
    EXPECT_FALSE(far.send(message));
}

TEST_F(ChannelTest, NothingIsSentThatIsTooLong) {
    EXPECT_FALSE(near.send({})) << "what encode() makes of it";
    ASSERT_TRUE(near.send(std::vector<std::byte>(message_bytes_max + 2)));
    EXPECT_FALSE(far.receive(false)) << "and who sends it anyway is not heard";
}

TEST_F(ChannelTest, WhoDoesNotReadIsNotWaitedFor) {
    int sent = 0;
    while (sent < 100'000 && near.send(message)) ++sent;
    EXPECT_LT(sent, 100'000);
}

TEST(MemoryFile, ASealedOneDoesNotChange) {
    const Descriptor file = file_of("sealed");
    EXPECT_FALSE(write_exactly(file, message));
    EXPECT_EQ(text_of(file), "sealed");
    std::array<std::byte, 7> more{};
    EXPECT_FALSE(read_exactly(file, 0, more)) << "more than is there";
}

TEST(MemoryFile, IsMapped) {
    const Descriptor file = file_of("mapped");
    const auto mapped = MappedFile::map(file, 6);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->bytes()[5], std::byte{'d'});
    EXPECT_TRUE(MappedFile::map(file, 0)->bytes().empty());
    EXPECT_FALSE(MappedFile::map(Descriptor(), 6));
}

}  // namespace
}  // namespace safelight::wire

// A renderer that a picture has taken over: locked in as the real one is, and then it does what the first
// argument says. What it found out comes back as the log text of an error.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "renderer/program/policy.h"
#include "renderer/program/renderer_program.h"
#include "renderer/wire/channel.h"
#include "renderer/wire/memory_file.h"

namespace safelight {
namespace {

using Heads = std::vector<Result<wire::RenditionHead>>;

struct Attack {
    wire::Channel& channel;
    const wire::Request& request;
    const wire::Incoming& incoming;

    [[nodiscard]] std::uint64_t id() const {
        return std::visit([](const auto& each) { return each.id; }, request);
    }
    void send(const wire::Reply& reply) const { static_cast<void>(channel.send(wire::encode(reply))); }
    void report(std::string found) const { answer(ErrorCode::invalid_image, std::move(found)); }
    void fail() const { answer(ErrorCode::renderer_failed, "no thread can be started"); }
    void answer(ErrorCode code, std::string found) const {
        const auto error = failure(code, "Hostile.", std::move(found));
        if (std::holds_alternative<wire::ProbeRequest>(request)) return send(wire::ProbeReply{id(), error});
        send(wire::RenderReply{id(), error, {}});
    }
    void claim(wire::RenditionHead head, std::string_view enclosed = {}) const {
        send(wire::RenderReply{id(), Heads{Result<wire::RenditionHead>(head)},
                               std::as_bytes(std::span(enclosed))});
    }
    /// The sources of the tests are small, and so come without a descriptor.
    [[nodiscard]] const Descriptor& output() const { return incoming.descriptors[0]; }
    void put(std::string_view bytes) const {
        static_cast<void>(wire::write_exactly(output(), std::as_bytes(std::span(bytes))));
    }
};

constexpr std::string_view jpeg_head{
    "\xff\xd8\xff\xe0 and so on, which is never decoded by the server itself......"};

constexpr std::string_view html{"<html><script>alert(1)</script></html> and some more to be long enough."};

std::string errno_text(long outcome) {
    return outcome >= 0 ? "succeeded" : fmt::format("errno {}", errno);
}

[[noreturn]] void spin() {
    for (volatile std::uint64_t i = 0;; i = i + 1) continue;
}

void write_much(const Attack& attack) {
    const std::string piece(1U << 20U, 'x');
    while (::write(attack.output().get(), piece.data(), piece.size()) > 0) continue;
    attack.report("the output was cut off: " + errno_text(-1));
}

void allocate_much(const Attack& attack) {
    std::vector<std::unique_ptr<char[]>> pieces;
    try {
        while (true) {
            pieces.push_back(std::make_unique_for_overwrite<char[]>(1U << 24U));
            for (std::size_t i = 0; i < 1U << 24U; i += 4'096) pieces.back()[i] = 'x';
        }
    } catch (const std::bad_alloc&) {
        const std::size_t count = pieces.size();
        pieces.clear();
        attack.report(fmt::format("memory ended after {} MiB", count * 16));
    }
}

void keep_a_hand_on_the_output(const Attack& attack) {
    attack.put(jpeg_head);
    void* const page = ::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE, MAP_SHARED, attack.output().get(), 0);
    if (page == MAP_FAILED) return attack.report("mmap " + errno_text(-1));
    attack.claim({.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = jpeg_head.size()});
}

void hoard_threads(const Attack& attack) {
    pthread_attr_t small{};
    ::pthread_attr_init(&small);
    ::pthread_attr_setstacksize(&small, 1U << 16U);
    ::pthread_setattr_default_np(&small);
    for (int i = 0; i < 1'000; ++i) std::thread([] { ::sleep(1'000); }).detach();
    attack.fail();
}

const std::map<std::string, std::function<void(const Attack&)>, std::less<>> attacks{
    {"fail", [](const Attack& a) { a.fail(); }},
    {"unavailable", [](const Attack& a) { a.answer(ErrorCode::unavailable, "none left"); }},
    {"hoard threads", hoard_threads},
    {"open", [](const Attack& a) { a.report("open " + errno_text(::open("/etc/passwd", O_RDONLY))); }},
    {"create",
     [](const Attack& a) {
         a.report("open " + errno_text(::open("/tmp/canary", O_CREAT | O_WRONLY, 0600)));
     }},
    {"stat", [](const Attack& a) { a.report("access " + errno_text(::access("/etc/passwd", R_OK))); }},
    {"socket", [](const Attack& a) { a.report(errno_text(::socket(AF_INET, SOCK_STREAM, 0))); }},
    {"fork", [](const Attack& a) { a.report(errno_text(::fork())); }},
    {"exec", [](const Attack& a) { a.report(errno_text(::execl("/bin/true", "true", nullptr))); }},
    {"ptrace", [](const Attack& a) { a.report(errno_text(::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr))); }},
    {"kill", [](const Attack& a) { a.report(errno_text(::kill(1, 0))); }},
    {"executable memory",
     [](const Attack& a) {
         void* const page = ::mmap(nullptr, 4'096, PROT_EXEC | PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         a.report(page == MAP_FAILED ? "denied" : "succeeded");
     }},
    {"write", write_much},
    {"allocate", allocate_much},
    {"spin", [](const Attack&) { spin(); }},
    {"sleep", [](const Attack&) { ::sleep(1'000); }},
    {"crash", [](const Attack&) { *static_cast<volatile int*>(nullptr) = 1; }},
    {"exit", [](const Attack&) { std::_Exit(0); }},
    {"hold", keep_a_hand_on_the_output},
    {"garbage",
     [](const Attack& a) {
         static_cast<void>(a.channel.send(std::vector<std::byte>(1'000, std::byte{0xaa})));
     }},
    {"other id", [](const Attack& a) { a.send(wire::ProbeReply{a.id() + 1, ImageFacts{}}); }},
    {"hello", [](const Attack& a) { a.send(wire::Hello{}); }},
    {"flood",
     [](const Attack& a) {
         while (a.channel.send(wire::encode(wire::Reply(wire::Hello{})))) continue;
         spin();
     }},
    {"descriptor",
     [](const Attack& a) {
         const std::array descriptors{0};
         static_cast<void>(a.channel.send(wire::encode(wire::Reply(wire::Hello{})), descriptors));
     }},
    {"no pixels", [](const Attack& a) { a.send(wire::ProbeReply{a.id(), ImageFacts{}}); }},
    {"many pixels",
     [](const Attack& a) {
         a.send(wire::ProbeReply{a.id(), ImageFacts{.width_px = 4'000'000'000, .height_px = 4'000'000'000}});
     }},
    {"no rendition", [](const Attack& a) { a.send(wire::RenderReply{a.id(), Heads{}, {}}); }},
    {"more than there is",
     [](const Attack& a) {
         a.put(jpeg_head);
         a.claim(
             {.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = std::uint64_t{1} << 40U});
     }},
    {"more than is enclosed",
     [](const Attack& a) {
         a.claim({.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = jpeg_head.size() + 1},
                 jpeg_head);
     }},
    {"less than is enclosed",
     [](const Attack& a) {
         a.claim({.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = 20}, jpeg_head);
     }},
    {"enclosed script",
     [](const Attack& a) {
         a.claim({.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = html.size()}, html);
     }},
    {"script",
     [](const Attack& a) {
         a.put(html);
         a.claim({.format = Format::jpeg, .width_px = 1, .height_px = 1, .size_bytes = html.size()});
     }},
    {"other format",
     [](const Attack& a) {
         a.put(jpeg_head);
         a.claim({.format = Format::png, .width_px = 1, .height_px = 1, .size_bytes = jpeg_head.size()});
     }},
};

/// Descriptors and variables that came along; looked at before files are denied.
std::string belongings() {
    int descriptors = 0;
    for (int number = 0; number < 1'024; ++number) descriptors += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
    int variables = 0;
    while (environ[variables] != nullptr) ++variables;
    return fmt::format("{} descriptors, {} variables", descriptors, variables);
}

int attack(std::string_view name) {
    wire::Channel channel{Descriptor(renderer_socket)};
    if (name == "mute") {
        while (true) ::sleep(1'000);
    }
    const std::string found = belongings();
    wire::Hello hello;
    if (name != "unlocked") {
        hello.protections = deny_files().value();
        std::thread([] {}).join();  // glibc sets up signals with the first one, which the filter denies
        hello.protections |= deny_system_calls().value();
    }
    if (name == "old") hello.version = 0;
    if (!channel.send(wire::encode(wire::Reply(hello)))) return 1;
    while (true) {
        const auto incoming = channel.receive(true);
        if (!incoming || incoming->message.empty()) return 0;
        const auto request = wire::decode_request(incoming->message);
        if (!request) return 1;
        const Attack here{channel, *request, *incoming};
        const auto wanted = attacks.find(name);
        if (wanted == attacks.end()) here.report(found);
        if (wanted != attacks.end()) wanted->second(here);
    }
}

}  // namespace
}  // namespace safelight

int main(int, char** arguments) {
    std::_Exit(safelight::attack(arguments[1]));
}

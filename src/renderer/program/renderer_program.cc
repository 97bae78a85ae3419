#include "renderer/program/renderer_program.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <utility>
#include <variant>
#include <vector>

#include "base/thread_shortage.h"
#include "imaging/imaging.h"
#include "renderer/program/policy.h"
#include "renderer/wire/channel.h"
#include "renderer/wire/memory_file.h"

namespace safelight {
namespace {

using wire::Incoming;
using wire::RenditionHead;

/// A grey PNG of one pixel.
constexpr std::array<std::uint8_t, 67> smallest_png{
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00,
    0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81,
    0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

/// Has every codec encode and decode once, so that what they set up is there before the filter is.
void warm_up() {
    const auto source = std::as_bytes(std::span(smallest_png));
    std::vector<Transform> transforms;
    for (const Format format : all_formats) transforms.push_back({.format = format});
    const auto output = render_all({.bytes = source, .transforms = transforms}, ImageLimits{}, {});
    if (!output) return;
    const Transform decode{.resize = Resize{.width_px = 1, .height_px = 1}, .format = Format::png};
    for (const auto& picture : output->pictures) {
        // A codec that this build lacks fails here as it will in earnest.
        if (!picture) continue;
        static_cast<void>(
            render_all({.bytes = picture->bytes, .transforms = std::span(&decode, 1)}, ImageLimits{}, {}));
    }
}

/// Running out of memory is a failure of the request alone.
template <class T>
Result<T> guarded(const std::function<Result<T>()>& work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return failure(ErrorCode::renderer_failed, "The picture could not be processed.", "out of memory");
    }
}

/// Does `work` on the bytes of the source, which are enclosed or in the file of the first descriptor.
template <class T, class Request, class Work>
Result<T> with_source(const Request& request, const Incoming& incoming, Work work) {
    return guarded<T>([&]() -> Result<T> {
        if (!request.source.empty()) return work(std::span(request.source));
        TRY_ASSIGN(const auto source, wire::MappedFile::map(incoming.descriptors[0], request.source_bytes));
        return work(source.bytes());
    });
}

/// The parent sees for itself whether that is so, and has it wait then.
std::unexpected<Error> without_threads() {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.",
                   "no thread can be started");
}

/// libde265 waits for ever for threads that it could not start. Other codecs call the picture broken.
bool would_hang(std::span<const std::byte> picture) {
    return sniff(picture) == Format::heic && lacks_threads();
}

/// The reply, as a message.
std::vector<std::byte> answer(const wire::ProbeRequest& request, const Incoming& incoming) {
    auto facts = with_source<ImageFacts>(request, incoming,
                                         [&](auto source) { return probe(source, request.limits); });
    if (!facts && lacks_threads()) facts = without_threads();
    return wire::encode(wire::Reply(wire::ProbeReply{request.id, std::move(facts)}));
}

using Pictures = std::vector<Result<EncodedPicture>>;
using Heads = std::vector<Result<RenditionHead>>;

Result<RenditionHead> head_of(Result<EncodedPicture>& picture) {
    if (!picture) return forward(std::move(picture));
    return RenditionHead{picture->format, picture->width_px, picture->height_px, picture->bytes.size()};
}

bool are_small(const Pictures& pictures) {
    std::size_t left = wire::enclosed_bytes_max;
    return std::ranges::all_of(pictures, [&left](const auto& picture) {
        if (!picture) return true;
        const bool fits = picture->bytes.size() <= left;
        if (fits) left -= picture->bytes.size();
        return fits;
    });
}

/// The bytes of the pictures go into `enclosed`, or into the file.
Status hand_over(const Pictures& pictures, std::vector<std::byte>& enclosed, const Descriptor& output) {
    const bool encloses = are_small(pictures);
    for (const auto& picture : pictures) {
        if (!picture) continue;
        if (encloses) {
            enclosed.insert(enclosed.end(), picture->bytes.begin(), picture->bytes.end());
        } else {
            TRY(wire::write_exactly(output, picture->bytes));
        }
    }
    return {};
}

std::vector<std::byte> answer(const wire::RenderRequest& request, const Incoming& incoming) {
    const std::size_t first_overlay = request.source.empty() ? 1 : 0;
    const auto& last = incoming.descriptors[first_overlay + request.overlays.size()];
    std::vector<std::byte> content;
    std::optional<Look> look;
    auto renditions = with_source<Heads>(request, incoming, [&](auto source) -> Result<Heads> {
        if (would_hang(source)) return without_threads();
        std::vector<wire::MappedFile> files;
        std::vector<OverlayFile> overlays;
        for (const wire::OverlaySource& overlay : request.overlays) {
            const Descriptor& file = incoming.descriptors[first_overlay + files.size()];
            TRY_ASSIGN(auto mapped, wire::MappedFile::map(file, overlay.size_bytes));
            if (would_hang(mapped.bytes())) return without_threads();
            overlays.push_back({overlay.image, mapped.bytes()});
            files.push_back(std::move(mapped));
        }
        TRY_ASSIGN(RenderOutput output, render_all({.bytes = source,
                                                    .transforms = request.transforms,
                                                    .focal_point = request.focal_point,
                                                    .overlays = overlays,
                                                    .wants_look = request.wants_look},
                                                   request.limits, {}));
        TRY(hand_over(output.pictures, content, last));
        look = std::move(output.look);
        Heads heads;
        for (auto& picture : output.pictures) heads.push_back(head_of(picture));
        return heads;
    });
    const bool is_whole = renditions && std::ranges::all_of(*renditions, &Result<RenditionHead>::has_value);
    if (!is_whole && lacks_threads()) renditions = without_threads();
    if (!renditions) content.clear();
    return wire::encode(
        wire::Reply(wire::RenderReply{request.id, std::move(renditions), content, std::move(look)}));
}

/// False: the other end is closed, or talks nonsense.
bool serve_one(wire::Channel& channel) {
    auto incoming = channel.receive(true);
    if (!incoming || incoming->message.empty()) return false;
    const auto request = wire::decode_request(incoming->message);
    if (!request) return false;
    const auto message = std::visit([&](const auto& each) { return answer(each, *incoming); }, *request);
    return channel.send(message).has_value();
}

}  // namespace

int run_renderer_program(Descriptor socket) {
    wire::Channel channel(std::move(socket));
    const std::uint32_t offered = offer_to_be_killed();
    // libvips loads its modules when it is initialised, and starts its threads when it is used first.
    if (!initialise_codecs()) return 1;
    const auto without_files = deny_files();
    if (!without_files) return 1;
    warm_up();
    ::malloc_trim(0);  // of what only the warm-up needed
    wire::Hello hello{
        .protections = offered | *without_files, .codecs = codec_versions(), .formats = format_support()};
    const auto filtered = deny_system_calls();
    if (filtered) hello.protections |= *filtered;
    if (!channel.send(wire::encode(wire::Reply(hello)))) return 1;
    while (serve_one(channel)) continue;
    return 0;
}

}  // namespace safelight

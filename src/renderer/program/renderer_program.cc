#include "renderer/program/renderer_program.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <utility>
#include <variant>
#include <vector>

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
    const auto pictures = render_all(source, transforms, ImageLimits{}, {});
    if (!pictures) return;
    const Transform decode{.resize = Resize{.width_px = 1, .height_px = 1}, .format = Format::png};
    for (const auto& picture : *pictures) {
        // A codec that this build lacks fails here as it will in earnest.
        if (picture) static_cast<void>(render_all(picture->bytes, std::span(&decode, 1), ImageLimits{}, {}));
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

wire::Reply answer(const wire::ProbeRequest& request, const Incoming& incoming) {
    return wire::ProbeReply{request.id, guarded<ImageFacts>([&]() -> Result<ImageFacts> {
                                TRY_ASSIGN(const auto source, wire::MappedFile::map(incoming.descriptors[0],
                                                                                    request.source_bytes));
                                return probe(source.bytes(), request.limits);
                            })};
}

using Heads = std::vector<Result<RenditionHead>>;

Result<RenditionHead> hand_over(Result<EncodedPicture> picture, const Descriptor& output) {
    if (!picture) return forward(std::move(picture));
    TRY(wire::write_exactly(output, picture->bytes));
    return RenditionHead{picture->format, picture->width_px, picture->height_px, picture->bytes.size()};
}

wire::Reply answer(const wire::RenderRequest& request, const Incoming& incoming) {
    return wire::RenderReply{
        request.id, guarded<Heads>([&]() -> Result<Heads> {
            TRY_ASSIGN(const auto source,
                       wire::MappedFile::map(incoming.descriptors[0], request.source_bytes));
            TRY_ASSIGN(auto pictures, render_all(source.bytes(), request.transforms, request.limits, {}));
            Heads heads;
            for (auto& picture : pictures)
                heads.push_back(hand_over(std::move(picture), incoming.descriptors[1]));
            return heads;
        })};
}

/// False: the other end is closed, or talks nonsense.
bool serve_one(wire::Channel& channel) {
    auto incoming = channel.receive(true);
    if (!incoming || incoming->message.empty()) return false;
    const auto request = wire::decode_request(incoming->message);
    if (!request || !incoming->descriptors[0].is_open()) return false;
    const wire::Reply reply = std::visit([&](const auto& each) { return answer(each, *incoming); }, *request);
    return channel.send(wire::encode(reply)).has_value();
}

}  // namespace

int run_renderer_program(Descriptor socket) {
    wire::Channel channel(std::move(socket));
    // libvips loads its modules when it is initialised, and starts its threads when it is used first.
    if (!initialise_codecs()) return 1;
    const auto without_files = deny_files();
    if (!without_files) return 1;
    warm_up();
    ::malloc_trim(0);  // of what only the warm-up needed
    wire::Hello hello{.protections = *without_files, .codecs = codec_versions()};
    const auto filtered = deny_system_calls();
    if (filtered) hello.protections |= *filtered;
    if (!channel.send(wire::encode(wire::Reply(hello)))) return 1;
    while (serve_one(channel)) continue;
    return 0;
}

}  // namespace safelight

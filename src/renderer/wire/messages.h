// What the server and a renderer process say to each other: version 3. One message is one datagram; what is
// too large for one goes through a descriptor that comes with it.
//
// A small source is enclosed in its request; else the request comes with the descriptor of the source, to be
// mapped for reading. Those of watermarks follow. A request to render comes last with the descriptor of an
// empty file. The renditions lie
// one behind the other, in the order of the reply: enclosed in it when all of them together are small, else
// in that file.
//
// Neither side believes the other: decoding refuses what is malformed, too long or out of range, and never
// throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "image/facts.h"
#include "image/focal_point.h"
#include "image/format_support.h"
#include "image/limits.h"
#include "image/look.h"
#include "renderer/renderer.h"
#include "transform/transform.h"

namespace safelight::wire {

inline constexpr std::uint32_t protocol_version = 3;

/// No message is longer. A socket takes so much by default.
inline constexpr std::size_t message_bytes_max = 192 * 1'024;

inline constexpr std::size_t transforms_max = 64;

/// What is up to this long is enclosed: copying it costs less than a file in memory.
inline constexpr std::size_t enclosed_bytes_max = 64 * 1'024;

/// What a renderer has given up, or offered, before it says hello.
enum Protection : std::uint32_t {
    resource_limits = 1,
    no_new_privileges = 2,
    system_call_filter = 4,
    file_system_rules = 8,  // Landlock, where the kernel has it
    killed_first = 16,      // when memory is short; hurts nobody but the server
};

/// The first message of a renderer: it is warm, and locked in.
struct Hello {
    std::uint32_t version = protocol_version;
    std::uint32_t protections = 0;
    std::vector<std::string> codecs;          // as Renderer::versions
    std::vector<FormatSupport> formats = {};  // as Renderer::formats, whatever the limits say

    bool operator==(const Hello&) const = default;
};

struct ProbeRequest {
    std::uint64_t id = 0;
    ImageLimits limits;
    std::uint64_t source_bytes = 0;
    std::span<const std::byte> source;  // empty, or source_bytes long

    bool operator==(const ProbeRequest& other) const;
};

struct OverlaySource {
    ImageId image;
    std::uint64_t size_bytes = 0;  // in the descriptor that is its turn

    bool operator==(const OverlaySource&) const = default;
};

struct RenderRequest {
    std::uint64_t id = 0;
    ImageLimits limits;
    std::uint64_t source_bytes = 0;
    std::span<const std::byte> source;  // empty, or source_bytes long
    std::vector<Transform> transforms;
    std::optional<FocalPoint> focal_point = {};  // in steps of a millionth
    std::vector<OverlaySource> overlays = {};
    bool wants_look = false;

    bool operator==(const RenderRequest& other) const;
};

using Request = std::variant<ProbeRequest, RenderRequest>;

struct ProbeReply {
    std::uint64_t id = 0;
    Result<ImageFacts> facts;

    bool operator==(const ProbeReply&) const = default;
};

struct RenditionHead {
    Format format = Format::jpeg;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    std::uint64_t size_bytes = 0;

    bool operator==(const RenditionHead&) const = default;
};

struct RenderReply {
    std::uint64_t id = 0;
    Result<std::vector<Result<RenditionHead>>> renditions;
    std::span<const std::byte> content;  // of the renditions; empty: in the file
    std::optional<Look> look = {};

    bool operator==(const RenderReply& other) const;
};

using Reply = std::variant<Hello, ProbeReply, RenderReply>;

/// Empty when the message would be longer than message_bytes_max.
[[nodiscard]] std::vector<std::byte> encode(const Request& request);
[[nodiscard]] std::vector<std::byte> encode(const Reply& reply);

/// What is enclosed stays in `message`. Error: renderer_failed.
[[nodiscard]] Result<Request> decode_request(std::span<const std::byte> message);
[[nodiscard]] Result<Reply> decode_reply(std::span<const std::byte> message);

}  // namespace safelight::wire

#include "renderer/wire/messages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"
#include "renderer/wire/fields.h"

namespace safelight::wire {
namespace {

enum class Kind : std::uint32_t { hello = 1, probe_request, render_request, probe_reply, render_reply };

constexpr std::size_t text_bytes_max = 4'096;  // of an error, of a codec's version
constexpr std::size_t transform_bytes_max = 16 * 1'024;
constexpr std::size_t codecs_max = 64;
constexpr std::size_t usual_message_bytes = 1'024;  // without what is enclosed

/// What a picture can be refused for, or a render end with. Anything else would be said of the server itself.
constexpr std::array codes{ErrorCode::unsupported_image,     ErrorCode::invalid_image,
                           ErrorCode::image_too_large,       ErrorCode::too_many_frames,
                           ErrorCode::too_many_scans,        ErrorCode::payload_too_large,
                           ErrorCode::empty_payload,         ErrorCode::invalid_argument,
                           ErrorCode::unsupported_transform, ErrorCode::renderer_failed};

std::unexpected<Error> malformed() {
    return failure(ErrorCode::renderer_failed, "The picture could not be processed.", "a malformed message");
}

void write(FieldWriter& out, const ImageLimits& limits) {
    out.number(limits.pixels_max);
    out.number(limits.side_max_px);
    out.number(limits.frames_max);
    out.number(limits.scans_max);
    out.number(limits.bytes_max);
    out.number(limits.takes_svg ? 1 : 0);
}

ImageLimits read_limits(FieldReader& in) {
    ImageLimits limits;
    limits.pixels_max = in.number(~std::uint64_t{0});
    limits.side_max_px = in.number32();
    limits.frames_max = in.number32();
    limits.scans_max = in.number32();
    limits.bytes_max = in.number(~std::uint64_t{0});
    limits.takes_svg = in.number(1) == 1;
    return limits;
}

void write(FieldWriter& out, const Error& error) {
    std::size_t code = 0;
    while (code + 1 < codes.size() && codes[code] != error.code) ++code;
    out.number(code);
    out.text(std::string_view(error.public_text).substr(0, text_bytes_max));
    out.text(std::string_view(error.log_text).substr(0, text_bytes_max));
}

Error read_error(FieldReader& in) {
    Error error;
    error.code = codes[in.number(codes.size() - 1)];
    error.public_text = to_valid_utf8(in.text(text_bytes_max));
    error.log_text = to_valid_utf8(in.text(text_bytes_max));
    return error;
}

/// A flag, then the value or the error.
template <class T, class WriteValue>
void write(FieldWriter& out, const Result<T>& result, WriteValue write_value) {
    out.number(result.has_value() ? 1 : 0);
    if (result) {
        write_value(out, *result);
    } else {
        write(out, result.error());
    }
}

template <class ReadValue>
auto read_result(FieldReader& in, ReadValue read_value) -> Result<decltype(read_value(in))> {
    if (in.number(1) == 1) return read_value(in);
    return std::unexpected(read_error(in));
}

void write(FieldWriter& out, const ExifFacts& exif) {
    for (const std::string* text :
         {&exif.camera_make, &exif.camera_model, &exif.taken_at, &exif.artist, &exif.copyright})
        out.text(*text);
    out.number(exif.position ? 1 : 0);
    if (!exif.position) return;
    out.number(std::bit_cast<std::uint64_t>(exif.position->latitude));
    out.number(std::bit_cast<std::uint64_t>(exif.position->longitude));
}

ExifFacts read_exif(FieldReader& in) {
    ExifFacts exif;
    for (std::string* text :
         {&exif.camera_make, &exif.camera_model, &exif.taken_at, &exif.artist, &exif.copyright})
        *text = in.text(exif_text_bytes_max);
    if (in.number(1) == 1) {
        const auto latitude = std::bit_cast<double>(in.number(~std::uint64_t{0}));
        exif.position = GpsPosition{latitude, std::bit_cast<double>(in.number(~std::uint64_t{0}))};
    }
    if (!is_valid(exif)) in.fail();
    return exif;
}

void write_facts(FieldWriter& out, const ImageFacts& facts) {
    out.number(std::to_underlying(facts.format));
    out.number(facts.width_px);
    out.number(facts.height_px);
    out.number(facts.frames);
    out.number(facts.has_alpha ? 1 : 0);
    out.number(static_cast<std::uint64_t>(facts.colour_space));
    out.number(std::to_underlying(facts.orientation));
    write(out, facts.exif);
}

Format read_format(FieldReader& in) {
    return all_formats[in.number(all_formats.size() - 1)];
}

ImageFacts read_facts(FieldReader& in) {
    ImageFacts facts;
    facts.format = read_format(in);
    facts.width_px = in.number32();
    facts.height_px = in.number32();
    facts.frames = in.number32();
    facts.has_alpha = in.number(1) == 1;
    facts.colour_space = static_cast<ColourSpace>(in.number(static_cast<std::uint64_t>(ColourSpace::cmyk)));
    const auto orientation = in.number(8);
    if (orientation == 0) in.fail();
    facts.orientation = static_cast<Orientation>(orientation);
    facts.exif = read_exif(in);
    return facts;
}

void write_head(FieldWriter& out, const RenditionHead& head) {
    out.number(std::to_underlying(head.format));
    out.number(head.width_px);
    out.number(head.height_px);
    out.number(head.size_bytes);
}

RenditionHead read_head(FieldReader& in) {
    RenditionHead head;
    head.format = read_format(in);
    head.width_px = in.number32();
    head.height_px = in.number32();
    head.size_bytes = in.number(~std::uint64_t{0} / transforms_max);
    return head;
}

using Heads = std::vector<Result<RenditionHead>>;

void write_heads(FieldWriter& out, const Heads& heads) {
    out.number(heads.size());
    for (const auto& head : heads) write(out, head, write_head);
}

Heads read_heads(FieldReader& in) {
    Heads heads;
    const auto count = in.number(transforms_max);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) heads.push_back(read_result(in, read_head));
    return heads;
}

void write_kind(FieldWriter& out, Kind kind) {
    out.number(std::to_underlying(kind));
}

std::vector<std::byte> finished(FieldWriter out) {
    std::vector<std::byte> message = out.take();
    if (message.size() > message_bytes_max) message.clear();
    return message;
}

void write(FieldWriter& out, const FormatSupport& support) {
    out.number(std::to_underlying(support.format));
    for (const bool flag : {support.reads, support.writes, support.animation, support.alpha, support.lossless,
                            support.quality}) {
        out.number(flag ? 1 : 0);
    }
}

FormatSupport read_support(FieldReader& in) {
    FormatSupport support{.format = read_format(in)};
    for (bool* flag : {&support.reads, &support.writes, &support.animation, &support.alpha, &support.lossless,
                       &support.quality}) {
        *flag = in.number(1) == 1;
    }
    return support;
}

void write(FieldWriter& out, const Hello& hello) {
    write_kind(out, Kind::hello);
    out.number(hello.version);
    out.number(hello.protections);
    out.number(hello.codecs.size());
    for (const std::string& codec : hello.codecs) out.text(codec);
    out.number(hello.formats.size());
    for (const FormatSupport& support : hello.formats) write(out, support);
}

Hello read_hello(FieldReader& in) {
    Hello hello;
    hello.version = in.number32();
    hello.protections = in.number32();
    const auto count = in.number(codecs_max);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) hello.codecs.push_back(in.text(text_bytes_max));
    const auto formats = in.number(all_formats.size());
    for (std::uint64_t i = 0; i < formats && in.ok(); ++i) hello.formats.push_back(read_support(in));
    return hello;
}

constexpr std::uint64_t million = 1'000'000;

std::uint64_t millionths(double share) {
    return static_cast<std::uint64_t>(std::lround(std::clamp(share, 0.0, 1.0) * million));
}

void write(FieldWriter& out, Colour colour) {
    out.number(std::uint64_t{colour.red} << 16 | std::uint64_t{colour.green} << 8 | colour.blue);
}

Colour read_colour(FieldReader& in) {
    const std::uint64_t rgb = in.number(0xff'ffff);
    return {static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8 & 0xff),
            static_cast<std::uint8_t>(rgb & 0xff)};
}

void write(FieldWriter& out, const std::optional<Look>& look) {
    out.number(look ? 1 : 0);
    if (!look) return;
    write(out, look->dominant);
    out.number(look->palette.size());
    for (const Colour colour : look->palette) write(out, colour);
    out.bytes(look->thumbhash);
    out.text(look->blurhash);
    out.number(look->dhash);
}

std::optional<Look> read_look(FieldReader& in) {
    if (in.number(1) == 0) return std::nullopt;
    Look look;
    look.dominant = read_colour(in);
    const auto colours = in.number(palette_max);
    for (std::uint64_t i = 0; i < colours && in.ok(); ++i) look.palette.push_back(read_colour(in));
    const auto thumbhash = in.bytes(thumbhash_bytes_max);
    look.thumbhash.assign(thumbhash.begin(), thumbhash.end());
    look.blurhash = in.text(blurhash_characters_max);
    look.dhash = in.number(~std::uint64_t{0});
    if (look.palette.empty() || look.thumbhash.empty() || look.blurhash.empty()) in.fail();
    // Its alphabet is printable ASCII: what else comes is a lie.
    if (!std::ranges::all_of(look.blurhash, [](char c) { return c >= '!' && c <= '~'; })) in.fail();
    return look;
}

/// What both requests begin with.
template <class Message>
void write_source(FieldWriter& out, Kind kind, const Message& request) {
    out.reserve(request.source.size() + usual_message_bytes);
    write_kind(out, kind);
    out.number(request.id);
    write(out, request.limits);
    out.number(request.source_bytes);
    out.bytes(request.source);
}

template <class Message>
Message read_source(FieldReader& in) {
    Message request;
    request.id = in.number(~std::uint64_t{0});
    request.limits = read_limits(in);
    request.source_bytes = in.number(~std::uint64_t{0});
    request.source = in.bytes(enclosed_bytes_max);
    if (!request.source.empty() && request.source.size() != request.source_bytes) in.fail();
    return request;
}

void write(FieldWriter& out, const ProbeRequest& request) {
    write_source(out, Kind::probe_request, request);
}

void write(FieldWriter& out, const RenderRequest& request) {
    write_source(out, Kind::render_request, request);
    out.number(request.transforms.size());
    for (const Transform& transform : request.transforms) out.text(to_json(transform));
    out.number(request.focal_point ? 1 : 0);
    if (request.focal_point) {
        out.number(millionths(request.focal_point->x));
        out.number(millionths(request.focal_point->y));
    }
    out.number(request.overlays.size());
    for (const OverlaySource& overlay : request.overlays) {
        out.bytes(std::as_bytes(std::span(overlay.image.uuid.bytes)));
        out.number(overlay.size_bytes);
    }
    out.number(request.wants_look ? 1 : 0);
}

OverlaySource read_overlay(FieldReader& in) {
    OverlaySource overlay;
    const auto id = in.bytes(overlay.image.uuid.bytes.size());
    if (id.size() == overlay.image.uuid.bytes.size()) {
        std::memcpy(overlay.image.uuid.bytes.data(), id.data(), id.size());
    } else {
        in.fail();
    }
    overlay.size_bytes = in.number(~std::uint64_t{0});
    return overlay;
}

RenderRequest read_render_request(FieldReader& in) {
    auto request = read_source<RenderRequest>(in);
    const auto count = in.number(transforms_max);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const auto transform = parse_stored_transform(in.text(transform_bytes_max));
        if (!transform) in.fail();
        if (transform) request.transforms.push_back(*transform);
    }
    if (in.number(1) == 1) {
        const double x = static_cast<double>(in.number(million)) / million;
        request.focal_point = FocalPoint{x, static_cast<double>(in.number(million)) / million};
    }
    const auto overlay_count = in.number(overlays_max);
    for (std::uint64_t i = 0; i < overlay_count && in.ok(); ++i) request.overlays.push_back(read_overlay(in));
    request.wants_look = in.number(1) == 1;
    return request;
}

void write(FieldWriter& out, const ProbeReply& reply) {
    write_kind(out, Kind::probe_reply);
    out.number(reply.id);
    write(out, reply.facts, write_facts);
}

ProbeReply read_probe_reply(FieldReader& in) {
    const auto id = in.number(~std::uint64_t{0});
    return {id, read_result(in, read_facts)};
}

void write(FieldWriter& out, const RenderReply& reply) {
    out.reserve(reply.content.size() + usual_message_bytes);
    write_kind(out, Kind::render_reply);
    out.number(reply.id);
    write(out, reply.renditions, write_heads);
    out.bytes(reply.content);
    write(out, reply.look);
}

RenderReply read_render_reply(FieldReader& in) {
    const auto id = in.number(~std::uint64_t{0});
    auto renditions = read_result(in, read_heads);
    const auto content = in.bytes(enclosed_bytes_max);
    return {id, std::move(renditions), content, read_look(in)};
}

template <class Message>
std::vector<std::byte> encode_any(const Message& message) {
    FieldWriter out;
    std::visit([&out](const auto& each) { write(out, each); }, message);
    return finished(std::move(out));
}

}  // namespace

bool ProbeRequest::operator==(const ProbeRequest& other) const {
    return id == other.id && limits == other.limits && source_bytes == other.source_bytes &&
           std::ranges::equal(source, other.source);
}

bool RenderRequest::operator==(const RenderRequest& other) const {
    return id == other.id && limits == other.limits && source_bytes == other.source_bytes &&
           std::ranges::equal(source, other.source) && transforms == other.transforms &&
           focal_point == other.focal_point && overlays == other.overlays && wants_look == other.wants_look;
}

bool RenderReply::operator==(const RenderReply& other) const {
    return id == other.id && renditions == other.renditions && std::ranges::equal(content, other.content) &&
           look == other.look;
}

std::vector<std::byte> encode(const Request& request) {
    return encode_any(request);
}

std::vector<std::byte> encode(const Reply& reply) {
    return encode_any(reply);
}

Result<Request> decode_request(std::span<const std::byte> message) {
    FieldReader in(message);
    std::optional<Request> request;
    const auto kind = static_cast<Kind>(in.number32());
    if (kind == Kind::probe_request) request = read_source<ProbeRequest>(in);
    if (kind == Kind::render_request) request = read_render_request(in);
    if (!request || !in.ended_well()) return malformed();
    return std::move(*request);
}

Result<Reply> decode_reply(std::span<const std::byte> message) {
    FieldReader in(message);
    std::optional<Reply> reply;
    const auto kind = static_cast<Kind>(in.number32());
    if (kind == Kind::hello) reply = read_hello(in);
    if (kind == Kind::probe_reply) reply = read_probe_reply(in);
    if (kind == Kind::render_reply) reply = read_render_reply(in);
    if (!reply || !in.ended_well()) return malformed();
    return std::move(*reply);
}

}  // namespace safelight::wire

#include "app/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "app/outbound_settings.h"
#include "app/quota_settings.h"
#include "app/retention_settings.h"
#include "app/setting_kinds.h"
#include "app/signed_url_settings.h"
#include "app/token_settings.h"

namespace safelight::app {
namespace {

/// "127.0.0.1:8080", "[::1]:8080"
std::optional<Endpoint> parse_endpoint(std::string_view value) {
    const auto colon = value.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string_view address = value.substr(0, colon);
    const std::string_view port_text = value.substr(colon + 1);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (address.empty() || port_text.empty() || error != std::errc{} ||
        end != port_text.data() + port_text.size()) {
        return std::nullopt;
    }
    return Endpoint{std::string(address), port};
}

constexpr const char* endpoint_form = "address:port, e.g. 127.0.0.1:8080 or [::1]:8080";

Setting listen() {
    return {
        .section = "Server",
        .variable = "SAFELIGHT_LISTEN",
        .help = "Where the server listens; port 0 takes any free one.",
        .accepts = endpoint_form,
        .set =
            [](Config& config, std::string_view value) {
                auto endpoint = parse_endpoint(value);
                if (!endpoint) return false;
                config.http.address = std::move(endpoint->address);
                config.http.port = endpoint->port;
                return true;
            },
        .get = [](const Config& config) { return to_text(Endpoint{config.http.address, config.http.port}); },
    };
}

Setting worker_health() {
    return {
        .section = "Workers",
        .variable = "SAFELIGHT_WORKER_HEALTH",
        .help =
            "Where `safelight worker` answers /healthz, /readyz and /metrics, to everybody: figures, no "
            "pictures.",
        .accepts = fmt::format("off, or {}", endpoint_form),
        .set =
            [](Config& config, std::string_view value) {
                config.worker_health = parse_endpoint(value);
                return config.worker_health || value == "off";
            },
        .get = [](const Config& config) -> std::string {
            return config.worker_health ? to_text(*config.worker_health) : "off";
        },
    };
}

constexpr Milliseconds ms(std::int64_t count) {
    return Milliseconds{count};
}
constexpr Milliseconds seconds(std::int64_t count) {
    return ms(count * 1'000);
}

std::vector<Setting> server_settings() {
    const std::string section = "Server";
    return {
        listen(),
        choice(section, "SAFELIGHT_ACCESS",
               "Who is served: everybody at this machine, who has an API key (or a token, see below), or "
               "everyone "
               "who reaches the address.",
               [](auto& c) -> auto& { return c.access; },
               {{"loopback", Access::loopback}, {"keys", Access::keys}, {"everyone", Access::everyone}}),
        parsed(
            section, "SAFELIGHT_CORS_ORIGINS",
            "Whose pages may call this server from a browser; \"*\", where keys are asked for: everybody's.",
            "origins such as https://shop.example with commas between them, *, or empty",
            [](auto& c) -> auto& { return c.cors_origins; },
            [](std::string_view text) { return AllowedOrigins::parse(text); },
            [](const AllowedOrigins& origins) { return origins.to_text(); }),
        number(
            section, "SAFELIGHT_IO_THREADS", "Threads that move bytes between sockets.",
            [](auto& c) -> auto& { return c.http.io_threads; }, 1, 64),
        number(
            section, "SAFELIGHT_BLOCKING_THREADS", "Threads for work that blocks: SQL, files, hashing.",
            [](auto& c) -> auto& { return c.blocking_threads; }, 1, 512),
        number(
            section, "SAFELIGHT_BLOCKING_QUEUE_MAX", "Pieces of blocking work that may wait; past it: 503.",
            [](auto& c) -> auto& { return c.blocking_queue_max; }, 1, 1'000'000),
        number(
            section, "SAFELIGHT_CONNECTIONS_MAX",
            "Connections at the same time, at most half of the descriptors that the process may have (ulimit "
            "-Hn); "
            "past it: 503.",
            [](auto& c) -> auto& { return c.http.connections_max; }, 1, 1'000'000),
        bytes(
            section, "SAFELIGHT_HEADER_BYTES_MAX", "The header of a request; past it: 431.",
            [](auto& c) -> auto& { return c.http.header_bytes_max; }, 1'024, MiB),
        number(
            section, "SAFELIGHT_HEADER_FIELDS_MAX", "The fields of a header; past it: 431.",
            [](auto& c) -> auto& { return c.http.header_fields_max; }, 8, 10'000),
        bytes(
            section, "SAFELIGHT_TARGET_BYTES_MAX", "The target (path and query) of a request; past it: 414.",
            [](auto& c) -> auto& { return c.http.target_bytes_max; }, 256, 64 * KiB),
        bytes(
            section, "SAFELIGHT_BODY_BYTES_MAX",
            "The body of a request, with its multipart framing; past it: 413.",
            [](auto& c) -> auto& { return c.http.body_bytes_max; }, 1'024, 16 * GiB),
        duration(
            section, "SAFELIGHT_HEADER_TIMEOUT", "From the first byte of a request to the end of its header.",
            [](auto& c) -> auto& { return c.http.header_timeout; }, ms(100), seconds(600)),
        duration(
            section, "SAFELIGHT_IDLE_TIMEOUT", "Between the requests of a connection.",
            [](auto& c) -> auto& { return c.http.idle_timeout; }, ms(100), seconds(3'600)),
        duration(
            section, "SAFELIGHT_SEND_TIMEOUT", "Without progress while a response is sent.",
            [](auto& c) -> auto& { return c.http.send_timeout; }, ms(100), seconds(3'600)),
        bytes(
            section, "SAFELIGHT_BODY_RATE_MIN",
            "Bytes a second that a body must come with, on average; slower: 408.",
            [](auto& c) -> auto& { return c.http.body_rate_min_bytes_per_s; }, 1, GiB),
        duration(
            section, "SAFELIGHT_BODY_RATE_GRACE", "How long a body may take before its rate is looked at.",
            [](auto& c) -> auto& { return c.http.body_rate_grace; }, ms(100), seconds(3'600)),
        duration(
            section, "SAFELIGHT_EVENT_HEARTBEAT",
            "How long a stream of server-sent events is silent at most; it notices then that a client is "
            "gone.",
            [](auto& c) -> auto& { return c.events.heartbeat; }, ms(100), seconds(3'600)),
        number(
            section, "SAFELIGHT_EVENT_STREAMS_MAX",
            "Streams of server-sent events at the same time; past it: 503.",
            [](auto& c) -> auto& { return c.events.streams_max; }, 1, 1'000'000),
        duration(
            section, "SAFELIGHT_IDEMPOTENCY_EXPIRY",
            "How long the answer to a request with an Idempotency-Key is kept.",
            [](auto& c) -> auto& { return c.idempotency_expiry; }, seconds(1), seconds(30 * 86'400)),
        duration(
            section, "SAFELIGHT_IDEMPOTENCY_LEASE",
            "How long such a request keeps others with its key out, without a sign of life.",
            [](auto& c) -> auto& { return c.idempotency_lease; }, ms(500), seconds(3'600)),
        duration(
            section, "SAFELIGHT_RESUMABLE_EXPIRY",
            "How long a resumable upload is kept that gets nothing more.",
            [](auto& c) -> auto& { return c.resumable_expiry; }, seconds(1), seconds(30 * 86'400)),
        number(
            section, "SAFELIGHT_RESUMABLE_UNFINISHED_MAX",
            "Resumable uploads that an account may have begun and not finished; past it: 503.",
            [](auto& c) -> auto& { return c.resumable_unfinished_max; }, 1, 100'000),
        duration(
            section, "SAFELIGHT_DRAIN_TIMEOUT",
            "What is in flight may take this long after a stop was asked for.",
            [](auto& c) -> auto& { return c.http.drain_timeout; }, ms(0), seconds(3'600)),
    };
}

std::optional<std::optional<std::uint64_t>> parse_size_or_off(std::string_view text) {
    if (text == "off") return std::optional<std::uint64_t>();
    const auto size = parse_bytes(text);
    if (!size || *size < 1 || *size > 16 * GiB) return std::nullopt;
    return std::optional(*size);
}
std::string show_size_or_off(const std::optional<std::uint64_t>& size) {
    return size ? format_bytes(*size) : "off";
}

std::vector<Setting> storage_settings() {
    const std::string section = "Storage";
    return {
        text(section, "SAFELIGHT_DATA", "The folder for everything that the embedded backends keep.",
             "a path", [](auto& c) -> auto& { return c.data; }),
        text(section, "SAFELIGHT_CATALOG",
             "The catalog of images and jobs; empty: catalog.db in the data folder.",
             "sqlite:///absolute/path, sqlite:relative/path or postgres://user:password@host:port/database",
             [](auto& c) -> auto& { return c.catalog_url; }),
        text(section, "SAFELIGHT_CATALOG_READ",
             "A hot standby of the PostgreSQL server, for listings and single reads as long as it shows all "
             "that was "
             "acknowledged; empty: none.",
             "postgres://user:password@host:port/database, or empty",
             [](auto& c) -> auto& { return c.catalog_read_url; }),
        number(
            section, "SAFELIGHT_CATALOG_CONNECTIONS",
            "Connections of this process to the PostgreSQL server, and as many to its standby.",
            [](auto& c) -> auto& { return c.catalog_connections; }, 1, 1'000),
        text(section, "SAFELIGHT_QUEUE", "The queue of jobs; \"catalog:\" is the catalog itself.",
             "catalog: or redis://user:password@host:port/database",
             [](auto& c) -> auto& { return c.queue_url; }),
        text(section, "SAFELIGHT_BLOBS",
             "Where originals and variants are kept; empty: the folder blobs in the data folder.",
             "file:///absolute/path, file:relative/path or s3://bucket/prefix?endpoint=http://host:port",
             [](auto& c) -> auto& { return c.blobs_url; }),
        parsed(
            section, "SAFELIGHT_BLOBS_REDIRECT",
            "Originals from this size on are fetched from the S3 store itself: their address answers with a "
            "redirect to one of the store's that is good for a short time. Clients have to reach the store.",
            "off, or " + bytes_range(1, 16 * GiB), [](auto& c) -> auto& { return c.blobs_redirect_bytes; },
            parse_size_or_off, show_size_or_off),
        duration(
            section, "SAFELIGHT_BLOBS_REDIRECT_EXPIRY", "How long such an address is good.",
            [](auto& c) -> auto& { return c.blobs_redirect_expiry; }, seconds(1), seconds(3'600)),
        bytes(
            section, "SAFELIGHT_BLOBS_LOCAL",
            "With S3, `serve` keeps copies of originals that were just uploaded in the data folder, up to "
            "this "
            "size, and reads them there. Kept while as much again is free; 0 B: none.",
            [](auto& c) -> auto& { return c.blobs_local_bytes; }, 0, 1'000 * GiB),
        text(
            section, "SAFELIGHT_S3_ACCESS_KEY",
            "Who this is to the S3 store; empty: AWS_ACCESS_KEY_ID, or the role of the container or machine.",
            "a key's name, or empty", [](auto& c) -> auto& { return c.s3_access_key; }),
        secret(section, "SAFELIGHT_S3_SECRET_KEY", "The secret of SAFELIGHT_S3_ACCESS_KEY.",
               "a secret, or empty", [](auto& c) -> auto& { return c.s3_secret_key; }),
        bytes(
            section, "SAFELIGHT_FREE_SPACE_MIN",
            "With less space than this the server reports that it is not ready.",
            [](auto& c) -> auto& { return c.free_space_min_bytes; }, 0, 1'000 * GiB),
        number(
            section, "SAFELIGHT_KEYS_AHEAD_MAX",
            "Blobs that are announced to the catalog ahead while many are written, so that they share a "
            "commit.",
            [](auto& c) -> auto& { return c.keys_ahead_max; }, 0, 10'000),
    };
}

std::vector<Setting> picture_settings() {
    const std::string section = "Pictures";
    return {
        text(section, "SAFELIGHT_PRESETS",
             "A JSON file with named transforms: {\"presets\": {\"name\": {…}}}, each an object or a compact "
             "text.",
             "a path, or empty", [](auto& c) -> auto& { return c.presets_file; }),
        text(section, "SAFELIGHT_DEFAULT_VARIANTS", "The variants of an upload that names none.",
             "preset names separated by commas, or empty",
             [](auto& c) -> auto& { return c.default_variants; }),
        bytes(
            section, "SAFELIGHT_UPLOAD_BYTES_MAX", "The bytes of a picture; past it: 413.",
            [](auto& c) -> auto& { return c.ingest.bytes_max; }, 1, 16 * GiB),
        number(
            section, "SAFELIGHT_PIXELS_MAX",
            "The pixels of a picture, all frames of a GIF or WebP together; past it: 422.",
            [](auto& c) -> auto& { return c.image.pixels_max; }, 1, 10'000'000'000),
        number(
            section, "SAFELIGHT_SIDE_MAX", "The longer side of a picture in pixels; past it: 422.",
            [](auto& c) -> auto& { return c.image.side_max_px; }, 1, 65'535),
        number(
            section, "SAFELIGHT_FRAMES_MAX", "The frames of an animation; past it: 422.",
            [](auto& c) -> auto& { return c.image.frames_max; }, 1, 1'000'000),
        number(
            section, "SAFELIGHT_SCANS_MAX", "The scans of a progressive JPEG; past it: 422.",
            [](auto& c) -> auto& { return c.image.scans_max; }, 1, 100'000),
        choice(
            section, "SAFELIGHT_KEEP_GPS",
            "on: where a picture was taken is noted beside its other EXIF facts, and shown; off: it stands in"
            " the original alone.",
            [](auto& c) -> auto& { return c.ingest.keeps_gps; }, {{"off", false}, {"on", true}}),
        choice(
            section, "SAFELIGHT_SVG",
            "Whether SVG drawings are taken: on or off. They are drawn without anything from outside of the "
            "file, and without text where no fonts are within reach of the renderer processes.",
            [](auto& c) -> auto& { return c.image.takes_svg; }, {{"off", false}, {"on", true}}),
        number(
            section, "SAFELIGHT_UPLOADS_MAX", "Uploads at the same time; past it: 503.",
            [](auto& c) -> auto& { return c.ingest.uploads_max; }, 1, 100'000),
        number(
            section, "SAFELIGHT_PROBES_MAX", "Header checks at the same time.",
            [](auto& c) -> auto& { return c.ingest.probes_max; }, 1, 256),
        number(
            section, "SAFELIGHT_BACKLOG_MAX", "Jobs that may wait; past it: 503.",
            [](auto& c) -> auto& { return c.ingest.backlog_max; }, 1, 1'000'000'000),
    };
}

std::vector<Setting> worker_settings() {
    const std::string section = "Workers";
    return {
        number_or_auto(
            section, "SAFELIGHT_WORKERS",
            "Jobs that this process works on at the same time; 0: none; auto: eight for each processor, for "
            "most"
            " of a small job is waiting for the disk.",
            [](auto& c) -> auto& { return c.workers; }, 0, 1'024),
        number_or_auto(
            section, "SAFELIGHT_RENDERS",
            "How many of these are rendered at the same time; auto: two for each processor.",
            [](auto& c) -> auto& { return c.renders; }, 1, 256),
        worker_health(),
        bytes_or_auto(
            section, "SAFELIGHT_RENDER_MEMORY",
            "What all renderer processes may take together; a render waits until its estimate is free, and "
            "what"
            " never fits is refused; auto: half of the machine's, or its control group's, memory.",
            [](auto& c) -> auto& { return c.render_memory_bytes; }, 128 * MiB, 16'384 * GiB),
        choice(section, "SAFELIGHT_SANDBOX",
               "required: pictures are decoded in processes that can open no file and no socket, or the "
               "start fails;"
               " lenient: as far as this system can lock them in; off: in this process, which a hostile "
               "picture may"
               " take over.",
               [](auto& c) -> auto& { return c.sandbox_choice; },
               {{"required", SandboxChoice::required},
                {"lenient", SandboxChoice::lenient},
                {"off", SandboxChoice::off}}),
        bytes(
            section, "SAFELIGHT_RENDERER_MEMORY_MAX",
            "The address space of one renderer process; what a single render may take lies "
            "384 MiB below it.",
            [](auto& c) -> auto& { return c.sandbox.memory_bytes_max; }, 256 * MiB, 1'024 * GiB),
        number(
            section, "SAFELIGHT_RENDERER_CALLS_MAX", "Calls after which a renderer process is replaced.",
            [](auto& c) -> auto& { return c.sandbox.calls_max; }, 1, 1'000'000'000),
        duration(
            section, "SAFELIGHT_LEASE", "How long a worker holds a job without a sign of life.",
            [](auto& c) -> auto& { return c.worker.lease; }, ms(200), seconds(3'600)),
        number(
            section, "SAFELIGHT_TRIES_MAX", "Tries of a job whose failures may pass.",
            [](auto& c) -> auto& { return c.worker.tries_max; }, 1, 100),
        duration(
            section, "SAFELIGHT_BACKOFF_BASE", "Before the second try; it doubles with each further one.",
            [](auto& c) -> auto& { return c.worker.backoff_base; }, ms(1), seconds(3'600)),
        duration(
            section, "SAFELIGHT_BACKOFF_MAX", "The longest wait between two tries.",
            [](auto& c) -> auto& { return c.worker.backoff_max; }, ms(1), seconds(86'400)),
        duration(
            section, "SAFELIGHT_RENDER_TIMEOUT",
            "The longest time for the variants that are made in one call; a job of many costly ones is "
            "several calls.",
            [](auto& c) -> auto& { return c.worker.render_timeout; }, ms(10), seconds(3'600)),
        duration(
            section, "SAFELIGHT_RESCUE_INTERVAL", "How often lost jobs are looked for.",
            [](auto& c) -> auto& { return c.worker.rescue_interval; }, ms(10), seconds(3'600)),
        duration(
            section, "SAFELIGHT_SWEEP_INTERVAL", "How often bytes that nothing refers to are removed.",
            [](auto& c) -> auto& { return c.worker.sweep_interval; }, ms(10), seconds(86'400)),
        duration(
            section, "SAFELIGHT_WRITE_DEADLINE", "An upload that was not finished after this long is swept.",
            [](auto& c) -> auto& { return c.ingest.write_deadline; }, ms(100), seconds(86'400)),
        duration(
            section, "SAFELIGHT_VARIANT_WRITE_DEADLINE",
            "A variant that was not stored after this long is swept.",
            [](auto& c) -> auto& { return c.worker.write_deadline; }, ms(100), seconds(86'400)),
    };
}

std::vector<Setting> log_settings() {
    using telemetry::Level;
    const std::string section = "Logs";
    return {
        choice(
            section, "SAFELIGHT_LOG_LEVEL", "The least important events that are logged.",
            [](auto& c) -> auto& { return c.log_level; },
            {{"debug", Level::debug}, {"info", Level::info}, {"warn", Level::warn}, {"error", Level::error}}),
        choice(section, "SAFELIGHT_LOG_FORMAT", "auto: text on a terminal, JSON otherwise.",
               [](auto& c) -> auto& { return c.log_format; },
               {{"auto", LogFormatChoice::automatic},
                {"text", LogFormatChoice::text},
                {"json", LogFormatChoice::json}}),
    };
}

std::vector<Setting> make_settings() {
    std::vector<Setting> all;
    for (auto part :
         {server_settings(), token_settings(), signed_url_settings(), storage_settings(), picture_settings(),
          quota_settings(), retention_settings(), outbound_settings(), worker_settings(), log_settings()}) {
        for (auto& setting : part) all.push_back(std::move(setting));
    }
    return all;
}

}  // namespace

std::string Setting::flag() const {
    constexpr std::string_view prefix = "SAFELIGHT_";
    std::string name = "--" + to_lower_ascii(std::string_view(variable).substr(prefix.size()));
    for (char& c : name) {
        if (c == '_') c = '-';
    }
    return name;
}

std::span<const Setting> settings() {
    static const std::vector<Setting> all = make_settings();
    return all;
}

}  // namespace safelight::app

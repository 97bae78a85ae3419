#include "app/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string_view>
#include <thread>
#include <variant>

#include "app/backend_urls.h"
#include "app/machine_memory.h"
#include "base/units.h"
#include "renderer/memory_estimate.h"

namespace safelight::app {
namespace {

std::uint64_t in_mebibytes(std::uint64_t bytes) {
    return (bytes + MiB - 1) / MiB;
}

bool is_loopback(std::string_view address) {
    return address == "::1" || address.starts_with("127.");
}

/// Pictures of a few megapixels have to fit.
constexpr std::uint64_t least_memory_for_renders = 128 * MiB;

/// Of the renderer processes while they wait, and of an upload that one looks at.
std::uint64_t idle_memory(const Config& config) {
    return (render_slots(config) + config.sandbox.probe_processes) * idle_renderer_bytes +
           config.ingest.bytes_max;
}

std::uint32_t processors() {
    return std::max(1U, std::thread::hardware_concurrency());
}

/// Each connection may be a download; each worker may store a variant, and each that renders has read the
/// original.
std::uint64_t s3_memory_beside_uploads(const Config& config, const S3Config& s3) {
    const std::uint64_t workers = worker_threads(config);
    const std::uint64_t renders = std::min<std::uint64_t>(workers, render_slots(config));
    return s3.read_budget_bytes + (config.http.connections_max + workers) * s3.read_bytes_min +
           workers * s3.writer_bytes_max() + renders * config.ingest.bytes_max;
}

/// As the room of access sees them, by the names of the settings.
void note_token_faults(const Config& config, std::vector<std::string>& faults) {
    const TokenConfig& tokens = config.tokens;
    if (tokens.is_on() && config.access != Access::keys) {
        faults.push_back(
            "SAFELIGHT_JWT_ISSUER is set and SAFELIGHT_ACCESS is not \"keys\": nobody would be asked for a "
            "token.");
    }
    const Status valid = tokens.validate();
    if (valid) return;
    for (const Fault& fault : valid.error().faults) {
        std::string name = fault.pointer;
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
        faults.push_back(fmt::format("SAFELIGHT_JWT_{} {}", name, fault.detail));
    }
}

/// Only a store that speaks HTTP can be redirected to.
Status check_redirect(const Config& config) {
    const auto blobs = chosen_blobs(config);
    if (!config.blobs_redirect_bytes || !blobs || std::holds_alternative<S3Config>(*blobs)) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("SAFELIGHT_BLOBS_REDIRECT is {}: the blobs are in a folder, which has no "
                               "addresses of its own; set it to off, or SAFELIGHT_BLOBS to an s3:// URL.",
                               format_bytes(*config.blobs_redirect_bytes)));
}

}  // namespace

std::string to_text(const Endpoint& endpoint) {
    const bool is_v6 = endpoint.address.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
                 : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

std::uint32_t worker_threads(const Config& config) {
    return config.workers.value_or(8 * processors());
}

std::uint32_t render_slots(const Config& config) {
    return config.renders.value_or(2 * processors());
}

std::uint64_t render_memory(const Config& config) {
    if (config.render_memory_bytes) return *config.render_memory_bytes;
    return std::max(available_memory_bytes() / 2, idle_memory(config) + least_memory_for_renders);
}

std::uint64_t memory_for_renders(const Config& config) {
    const std::uint64_t all = render_memory(config);
    return all - std::min(all, idle_memory(config));
}

std::uint64_t memory_for_one_render(const Config& config) {
    const std::uint64_t addressable = config.sandbox.memory_bytes_max;
    return std::min(memory_for_renders(config),
                    addressable - std::min(addressable, idle_address_space_bytes));
}

ResumableIngestConfig resumable_config(const Config& config) {
    ResumableIngestConfig resumable;
    resumable.bytes_max = config.ingest.bytes_max;
    // A part has to be known long before the key of its blob is given up.
    resumable.part_age = std::min(resumable.part_age, config.ingest.write_deadline / 4);
    resumable.appends_max = std::max(config.ingest.uploads_max / 4, 1U);
    resumable.unfinished_max = config.resumable_unfinished_max;
    resumable.lifetime = config.resumable_expiry;
    return resumable;
}

Status check_upload_memory(const Config& config) {
    TRY_ASSIGN(const BlobsChoice blobs, chosen_blobs(config));
    const auto* s3 = std::get_if<S3Config>(&blobs);
    if (s3 == nullptr) return {};
    const std::uint64_t each = std::min(s3->writer_bytes_max(), config.ingest.bytes_max);
    const std::uint64_t others = s3_memory_beside_uploads(config, *s3);
    const std::uint64_t half = available_memory_bytes() / 2;
    const std::uint64_t writers = (half - std::min(half, others)) / each;
    const std::uint64_t fitting = std::max<std::uint64_t>(1, writers * 4 / 5);  // resumable ones beside them
    if (config.ingest.uploads_max <= fitting) return {};
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("SAFELIGHT_UPLOADS_MAX is {}: an upload to S3 holds up to {} MiB, and half of the memory "
                    "here, less {} MiB for downloads and workers, is enough for {} of them.",
                    config.ingest.uploads_max, in_mebibytes(each), in_mebibytes(others), fitting));
}

std::vector<std::string> faults_of(const Config& config) {
    std::vector<std::string> faults;
    const auto note = [&](const auto& result) {
        if (!result) faults.push_back(result.error().public_text);
    };
    note(chosen_catalog(config));
    note(chosen_queue(config));
    note(chosen_blobs(config));
    note(config.http.validate());
    note(config.ingest.validate());
    note(config.quotas.validate());
    note(resumable_config(config).validate());
    note(config.worker.validate());
    if (config.render_memory_bytes && memory_for_renders(config) < least_memory_for_renders) {
        faults.push_back(fmt::format(
            "SAFELIGHT_RENDER_MEMORY is {}: {} renderer processes take {} MiB of it while they wait, and {} "
            "MiB have to be "
            "left to render; raise it to {} MiB, or lower SAFELIGHT_RENDERS.",
            format_bytes(*config.render_memory_bytes), render_slots(config) + config.sandbox.probe_processes,
            in_mebibytes(idle_memory(config)), in_mebibytes(least_memory_for_renders),
            in_mebibytes(idle_memory(config) + least_memory_for_renders)));
    }
    note(check_redirect(config));
    if (!config.outbound_ca_file.empty() && !std::ifstream(config.outbound_ca_file)) {
        faults.push_back(fmt::format("SAFELIGHT_OUTBOUND_CA_FILE is \"{}\": the file cannot be read.",
                                     config.outbound_ca_file.string()));
    }
    note_token_faults(config, faults);
    if (config.cors_origins.are_all() && config.access != Access::keys) {
        faults.push_back(
            "SAFELIGHT_CORS_ORIGINS is \"*\" and nobody is asked for a key: every page that a browser "
            "visits which reaches this server could read and delete everything. Name the origins, or set "
            "SAFELIGHT_ACCESS to \"keys\".");
    }
    if (config.http.body_bytes_max < config.ingest.bytes_max) {
        faults.push_back(
            fmt::format("SAFELIGHT_BODY_BYTES_MAX is {} and SAFELIGHT_UPLOAD_BYTES_MAX is {}: a body must be "
                        "able to hold an upload.",
                        config.http.body_bytes_max, config.ingest.bytes_max));
    }
    if (!is_loopback(config.http.address) && config.access == Access::loopback) {
        faults.push_back(fmt::format(
            "SAFELIGHT_LISTEN is on {}, beyond this machine, and nobody is asked for a key: everybody who "
            "reaches it may read and delete everything. Set SAFELIGHT_ACCESS to \"keys\" and make one with "
            "`safelight key create`; or to \"everyone\", if that is what you want.",
            config.http.address));
    }
    return faults;
}

}  // namespace safelight::app

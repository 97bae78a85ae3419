#include "catalog/records.h"

#include <array>
#include <utility>

namespace safelight {
namespace {

constexpr std::array<std::pair<VariantStatus, std::string_view>, 4> variant_names{{
    {VariantStatus::pending, "pending"},
    {VariantStatus::ready, "ready"},
    {VariantStatus::failed, "failed"},
    {VariantStatus::expired, "expired"},
}};

constexpr std::array<std::pair<JobStatus, std::string_view>, 4> job_names{{
    {JobStatus::unprocessed, "UNPROCESSED"},
    {JobStatus::processing, "PROCESSING"},
    {JobStatus::processed, "PROCESSED"},
    {JobStatus::failed, "FAILED"},
}};

template <class Value, std::size_t count>
constexpr std::string_view name_in(const std::array<std::pair<Value, std::string_view>, count>& names,
                                   Value value) {
    for (const auto& [known, name] : names) {
        if (known == value) return name;
    }
    return {};
}

template <class Value, std::size_t count>
constexpr std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, count>& names,
                                        std::string_view name) {
    for (const auto& [value, known] : names) {
        if (known == name) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(VariantStatus status) {
    return name_in(variant_names, status);
}

std::optional<VariantStatus> variant_status_from_name(std::string_view name) {
    return value_in(variant_names, name);
}

std::string_view name_of(JobStatus status) {
    return name_in(job_names, status);
}

std::optional<JobStatus> job_status_from_name(std::string_view name) {
    return value_in(job_names, name);
}

JobStatus status_of(const VariantCounts& counts) {
    if (counts.pending > 0) return JobStatus::processing;
    if (counts.failed > 0) return JobStatus::failed;
    return counts.ready > 0 ? JobStatus::processed : JobStatus::unprocessed;
}

std::optional<Format> known_format(const Image& image) {
    return image.is_unknown_format ? std::nullopt : std::optional(image.facts.format);
}

std::optional<Format> known_format(const VariantContent& content) {
    return content.is_unknown_format ? std::nullopt : std::optional(content.format);
}

Timestamp time_of(const Uuid& uuid) {
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i) ms = (ms << 8) | uuid.bytes[i];
    return Timestamp{Milliseconds{ms}};
}

AccountId default_account() {
    // Any fixed UUID will do, as long as it never changes: data folders out there hold it.
    static constexpr Uuid uuid{{0x01, 0x93, 0x4b, 0x7e, 0x5f, 0x00, 0x70, 0x00,  //
                                0x80, 0x00, 0x5a, 0xfe, 0x11, 0x64, 0x00, 0x01}};
    return AccountId{uuid};
}

}  // namespace safelight

// Bytes as an upload brings them.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "imaging/imaging.h"

namespace {

using namespace safelight;

/// Small, so that what comes near them is within a fuzzer's reach.
constexpr ImageLimits limits{
    .pixels_max = 1'000'000, .side_max_px = 2'000, .frames_max = 10, .scans_max = 10, .bytes_max = 1'000'000};

bool is_a_refusal(ErrorCode code) {
    switch (code) {
        case ErrorCode::unsupported_image:
        case ErrorCode::invalid_image:
        case ErrorCode::image_too_large:
        case ErrorCode::too_many_frames:
        case ErrorCode::too_many_scans:
        case ErrorCode::payload_too_large:
        case ErrorCode::empty_payload:
            return true;
        default:
            return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    if (!initialise_codecs()) std::abort();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto facts = probe(bytes, limits);
    const auto again = probe(bytes, limits);
    // What a library says of its trouble may differ; what it comes to may not.
    const bool is_same =
        facts && again ? *facts == *again : !facts && !again && facts.error().code == again.error().code;
    const bool is_allowed = facts ? check(*facts, limits).has_value() : is_a_refusal(facts.error().code);
    if (is_same && is_allowed) return 0;
    for (const auto* result : {&facts, &again}) {
        if (!*result) std::fprintf(stderr, "%s\n", result->error().log_text.c_str());
    }
    std::abort();
}

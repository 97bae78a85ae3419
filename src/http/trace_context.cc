#include "http/trace_context.h"

#include <algorithm>

namespace safelight::http {
namespace {

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
    return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string_view trace_id_of(std::string_view traceparent) {
    constexpr std::size_t length_of_version_00 = 55;
    if (traceparent.size() < length_of_version_00) return {};
    const std::string_view version = traceparent.substr(0, 2);
    const std::string_view trace = traceparent.substr(3, 32);
    const std::string_view parent = traceparent.substr(36, 16);
    const std::string_view flags = traceparent.substr(53, 2);
    if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return {};
    if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return {};
    if (version == "ff" || is_zero(trace) || is_zero(parent)) return {};
    // Later versions may append, after a dash.
    if (traceparent.size() > length_of_version_00 &&
        (version == "00" || traceparent[length_of_version_00] != '-')) {
        return {};
    }
    return trace;
}

}  // namespace safelight::http

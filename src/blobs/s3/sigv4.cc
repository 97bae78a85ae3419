#include "blobs/s3/sigv4.h"

#include <algorithm>

#include "base/hmac.h"
#include "base/sha256.h"
#include "base/text.h"

namespace safelight::s3 {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string scope_of(std::string_view date, std::string_view region) {
    return std::string(date.substr(0, 8)).append("/").append(region).append("/s3/aws4_request");
}

std::vector<NameValue> sorted(std::span<const NameValue> values) {
    std::vector<NameValue> copy(values.begin(), values.end());
    std::ranges::sort(copy);
    return copy;
}

std::string signed_headers(std::span<const NameValue> headers) {
    std::string names;
    for (const auto& [name, value] : sorted(headers)) names.append(names.empty() ? "" : ";").append(name);
    return names;
}

/// Runs of spaces become one: so says the standard, and so do servers.
std::string single_spaced(std::string_view value) {
    std::string text;
    for (const char c : trim(value)) {
        if (c != ' ' || !text.ends_with(' ')) text.push_back(c);
    }
    return text;
}

std::string canonical_request(const UnsignedRequest& request) {
    std::string text = request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n";
    for (const auto& [name, value] : sorted(request.headers))
        text.append(name).append(":").append(single_spaced(value)).append("\n");
    return text + "\n" + signed_headers(request.headers) + "\n" + request.payload_sha256;
}

std::string signature(const UnsignedRequest& request, const Credentials& credentials, std::string_view region,
                      std::string_view date) {
    std::string to_sign(algorithm);
    to_sign.append("\n").append(date).append("\n").append(scope_of(date, region)).append("\n");
    to_sign += sha256_of(bytes_of(canonical_request(request))).to_hex();
    Sha256 key = hmac_sha256(bytes_of("AWS4" + credentials.secret_key), date.substr(0, 8));
    for (const std::string_view step : {region, std::string_view("s3"), std::string_view("aws4_request")})
        key = hmac_sha256(key.bytes, step);
    return hmac_sha256(key.bytes, to_sign).to_hex();
}

}  // namespace

std::string percent_encode(std::string_view text, bool keeps_slashes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                              c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keeps_slashes);
        if (is_plain) {
            encoded.push_back(c);
        } else {
            const auto value = static_cast<unsigned char>(c);
            encoded.append({'%', digits[value >> 4], digits[value & 15]});
        }
    }
    return encoded;
}

std::string canonical_query(std::span<const NameValue> query) {
    std::vector<NameValue> encoded;
    for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
    std::ranges::sort(encoded);
    std::string text;
    for (const auto& [name, value] : encoded)
        text.append(text.empty() ? "" : "&").append(name).append("=").append(value);
    return text;
}

std::string amz_date(Timestamp time) {
    std::string text = to_rfc3339(time).substr(0, 19);  // without milliseconds and Z
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

std::string authorization(const UnsignedRequest& request, const Credentials& credentials,
                          std::string_view region, Timestamp time) {
    const std::string date = amz_date(time);
    return std::string(algorithm) + " Credential=" + credentials.access_key + "/" + scope_of(date, region) +
           ", SignedHeaders=" + signed_headers(request.headers) +
           ", Signature=" + signature(request, credentials, region, date);
}

std::string presigned_query(const UnsignedRequest& request, const Credentials& credentials,
                            std::string_view region, Timestamp time, unsigned expires_s) {
    const std::string date = amz_date(time);
    UnsignedRequest full = request;
    full.payload_sha256 = unsigned_payload;
    full.query.emplace_back("X-Amz-Algorithm", algorithm);
    full.query.emplace_back("X-Amz-Credential", credentials.access_key + "/" + scope_of(date, region));
    full.query.emplace_back("X-Amz-Date", date);
    full.query.emplace_back("X-Amz-Expires", std::to_string(expires_s));
    full.query.emplace_back("X-Amz-SignedHeaders", signed_headers(request.headers));
    if (!credentials.session_token.empty())
        full.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
    return canonical_query(full.query) + "&X-Amz-Signature=" + signature(full, credentials, region, date);
}

}  // namespace safelight::s3

#include "access/jwt_keys.h"

#include <fmt/format.h>
#include <rhonabwy.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <new>

#include "access/strict_json.h"
#include "base/hmac.h"
#include "base/text.h"

namespace safelight {
namespace {

namespace json = boost::json;

constexpr std::size_t rsa_bytes_min = 256;  // of the modulus: 2,048 bits
constexpr std::size_t rsa_bytes_max = 1'024;
constexpr std::size_t curve_bytes = 32;  // of a coordinate on P-256, and of a key on Ed25519
constexpr std::size_t es256_signature_bytes = 64;

void start_library() {
    static const int started = r_global_init();  // once for each process; it is not thread-safe by itself
    if (started != RHN_OK) throw std::bad_alloc();
}

struct FreeJwk {
    void operator()(jwk_t* jwk) const { r_jwk_free(jwk); }
};
struct FreeJws {
    void operator()(jws_t* jws) const { r_jws_free(jws); }
};
using Jwk = std::unique_ptr<jwk_t, FreeJwk>;
using Jws = std::unique_ptr<jws_t, FreeJws>;

/// Null for what is no key.
Jwk import(const std::string& text) {
    start_library();
    jwk_t* raw = nullptr;
    if (r_jwk_init(&raw) != RHN_OK) throw std::bad_alloc();
    Jwk jwk(raw);
    if (r_jwk_import_from_json_str(raw, text.c_str()) != RHN_OK) return nullptr;
    return jwk;
}

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* const member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

/// How many bytes a number of the key has, without the zeros in front; 0 for what is no number.
std::size_t number_bytes(const json::object& key, std::string_view name) {
    const auto bytes = base64url_decode(text_of(key, name));
    if (!bytes) return 0;
    const auto first = std::ranges::find_if(*bytes, [](std::byte byte) { return byte != std::byte{0}; });
    return static_cast<std::size_t>(bytes->end() - first);
}

bool has_length(const json::object& key, std::string_view name, std::size_t length) {
    const auto bytes = base64url_decode(text_of(key, name));
    return bytes && bytes->size() == length;
}

/// A coordinate with all its bytes; some issuers leave out the zeros in front. Empty for what is none.
std::optional<std::string> coordinate_of(const json::object& key, std::string_view name) {
    auto bytes = base64url_decode(text_of(key, name));
    if (!bytes || bytes->empty() || bytes->size() > curve_bytes) return std::nullopt;
    bytes->insert(bytes->begin(), curve_bytes - bytes->size(), std::byte{0});
    return base64url_encode(*bytes);
}

/// For verifying signatures, as far as the key says.
bool is_for_signatures(const json::object& key) {
    if (key.contains("use") && text_of(key, "use") != "sig") return false;
    const json::value* const operations = key.if_contains("key_ops");
    if (operations == nullptr) return true;
    return operations->is_array() &&
           std::ranges::find(operations->get_array(), "verify") != operations->get_array().end();
}

struct KeyKind {
    TokenAlgorithm algorithm;
    std::vector<std::string_view> members;  // that make the key
};

std::optional<KeyKind> kind_of(const json::object& key) {
    const std::string type = text_of(key, "kty");
    const std::string curve = text_of(key, "crv");
    if (type == "RSA") {
        const std::size_t bytes = number_bytes(key, "n");
        if (bytes < rsa_bytes_min || bytes > rsa_bytes_max || number_bytes(key, "e") == 0)
            return std::nullopt;
        return KeyKind{TokenAlgorithm::rs256, {"kty", "n", "e"}};
    }
    if (type == "EC" && curve == "P-256" && coordinate_of(key, "x") && coordinate_of(key, "y"))
        return KeyKind{TokenAlgorithm::es256, {"kty", "crv", "x", "y"}};
    if (type == "OKP" && curve == "Ed25519" && has_length(key, "x", curve_bytes))
        return KeyKind{TokenAlgorithm::eddsa, {"kty", "crv", "x"}};
    return std::nullopt;
}

std::string numbers_of(const json::object& key, const KeyKind& kind) {
    json::object numbers;
    for (const std::string_view member : kind.members) numbers[member] = text_of(key, member);
    if (kind.algorithm == TokenAlgorithm::es256) {
        for (const std::string_view name : {"x", "y"}) numbers[name] = *coordinate_of(key, name);
    }
    return json::serialize(numbers);
}

std::unexpected<Error> no_key_set(const char* why) {
    return failure(ErrorCode::invalid_argument, fmt::format("This is no JSON Web Key Set: {}.", why));
}

}  // namespace

Result<JwtKeys> JwtKeys::parse(std::string_view jwks) {
    if (jwks.size() > jwks_bytes_max) return no_key_set("it is too long");
    const auto document = parse_strict_object(jwks);
    if (!document) return no_key_set("it is no JSON object, or has a member twice");
    const json::value* const list = document->if_contains("keys");
    if (list == nullptr || !list->is_array()) return no_key_set("it has no list \"keys\"");
    if (list->get_array().size() > jwks_keys_max) return no_key_set("it has too many keys");
    JwtKeys keys;
    for (const json::value& each : list->get_array()) {
        if (!each.is_object()) return no_key_set("a key is no object");
        const json::object& key = each.get_object();
        const auto kind = kind_of(key);
        if (!kind || !is_for_signatures(key)) continue;
        if (key.contains("alg") && text_of(key, "alg") != name_of(kind->algorithm)) continue;
        Key kept{.id = std::nullopt, .algorithm = kind->algorithm, .jwk = numbers_of(key, *kind)};
        if (key.contains("kid")) kept.id = text_of(key, "kid");
        if (!import(kept.jwk)) continue;
        if (kept.id && std::ranges::find(keys.keys_, kept.id, &Key::id) != keys.keys_.end())
            return no_key_set("two of its keys have one \"kid\"");
        keys.names_.push_back(kept.id.value_or("(without a name)"));
        keys.keys_.push_back(std::move(kept));
    }
    return keys;
}

const JwtKeys::Key* JwtKeys::find(const Jwt& jwt) const {
    const Key* found = nullptr;
    for (const Key& key : keys_) {
        if (key.algorithm != jwt.algorithm || (jwt.key_id && key.id != jwt.key_id)) continue;
        if (found != nullptr) return nullptr;
        found = &key;
    }
    return found;
}

bool JwtKeys::verify(const Jwt& jwt, std::string_view text) const {
    const Key* const key = find(jwt);
    if (key == nullptr) return false;
    // The library takes signatures of other curves' lengths, too.
    if (jwt.algorithm == TokenAlgorithm::es256 && jwt.signature.size() != es256_signature_bytes) return false;
    const Jwk jwk = import(key->jwk);
    jws_t* raw = nullptr;
    if (!jwk || r_jws_init(&raw) != RHN_OK) throw std::bad_alloc();
    const Jws jws(raw);
    // Keys that the header may bring along are not looked at, and nothing is fetched.
    return r_jws_advanced_compact_parsen(raw, text.data(), text.size(), R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) ==
               RHN_OK &&
           r_jws_verify_signature(raw, jwk.get(), R_FLAG_IGNORE_REMOTE) == RHN_OK;
}

bool verify_hs256(const Jwt& jwt, std::string_view secret) {
    const Sha256 expected = hmac_sha256(std::as_bytes(std::span(secret)), jwt.signed_text);
    return equal_in_constant_time(std::as_bytes(std::span(jwt.signature)), expected.bytes);
}

}  // namespace safelight

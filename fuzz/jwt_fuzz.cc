// Tokens and key sets of strangers: what is taken apart is what was sent, and nothing that is made up was
// signed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "access/jwt.h"
#include "access/jwt_keys.h"

namespace {

using namespace safelight;

constexpr std::string_view public_keys = R"({"keys": [
 {"kty": "EC", "crv": "P-256", "kid": "c", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
 {"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

TokenConfig config() {
    TokenConfig config;
    config.issuer = "joe";
    config.audience = "safelight";
    return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const JwtKeys keys = JwtKeys::parse(public_keys).value();
    static const TokenConfig wanted = config();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto others = JwtKeys::parse(text); others && others->size() > jwks_keys_max) std::abort();
    const auto jwt = parse_jwt(text);
    if (!jwt) return 0;
    if (text.size() > token_bytes_max || !text.starts_with(jwt->signed_text)) std::abort();
    const auto claims = read_claims(jwt->claims, wanted, Timestamp{Milliseconds{1'000}});
    if (claims && claims->account_name.empty()) std::abort();
    if (verify_hs256(*jwt, "a secret that the fuzzer does not know")) std::abort();
    // Of the seeds' own signature nobody needs to be told; another one would be a forgery.
    static_cast<void>(keys.verify(*jwt, text));
    return 0;
}

#include "access/jwt_keys.h"

#include <gtest/gtest.h>

#include <string>

#include "access/testing/test_tokens.h"

namespace safelight {
namespace {

using testing::key_set;
using testing::TestKey;
using enum TokenAlgorithm;

/// Made once: an RSA key takes a moment.
const TestKey& key_of(TokenAlgorithm algorithm) {
    static const TestKey rsa(rs256, "rsa");
    static const TestKey curve(es256, "curve");
    static const TestKey edwards(eddsa, "edwards");
    return algorithm == rs256 ? rsa : algorithm == es256 ? curve : edwards;
}

JwtKeys all_keys() {
    return JwtKeys::parse(
               key_set({key_of(rs256).public_jwk(), key_of(es256).public_jwk(), key_of(eddsa).public_jwk()}))
        .value();
}

bool verifies(const JwtKeys& keys, const std::string& token) {
    const auto jwt = parse_jwt(token);
    return jwt && keys.verify(*jwt, token);
}

TEST(JwtKeys, VerifyWhatTheirPrivateOnesSigned) {
    const JwtKeys keys = all_keys();
    EXPECT_EQ(keys.names(), (std::vector<std::string>{"rsa", "curve", "edwards"}));
    for (const TokenAlgorithm algorithm : {rs256, es256, eddsa})
        EXPECT_TRUE(verifies(keys, key_of(algorithm).sign(R"({"sub": "a"})"))) << name_of(algorithm);
}

TEST(JwtKeys, NoticeEveryChange) {
    const JwtKeys keys = all_keys();
    for (const TokenAlgorithm algorithm : {rs256, es256, eddsa}) {
        const std::string token = key_of(algorithm).sign(R"({"sub": "a"})");
        const auto signature = token.rfind('.') + 1;
        for (const std::size_t place : {token.find('.') + 2, signature, signature + 20}) {
            std::string changed = token;
            changed[place] = changed[place] == 'A' ? 'B' : 'A';
            EXPECT_FALSE(verifies(keys, changed)) << name_of(algorithm) << " at " << place;
        }
        EXPECT_FALSE(verifies(keys, token.substr(0, token.size() - 4)));
        EXPECT_FALSE(verifies(keys, token + "AAAA"));
    }
}

/// By another library (cryptography, PyJWT): coordinates and halves of signatures that begin with a zero.
struct LeadingZero {
    const char* x;
    const char* y;
    const char* token;
};
constexpr LeadingZero leading_zeros[] = {
    {"AJzQhuErpc0r9AL_1fozdPEOiUGoruR8O-1tYWGDI7o", "WJ00GDLTRUIrhGiEbS-Nj9IsiVt16-b1YWydYLagP6Y",
     "eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhIiwibiI6MzAzfQ"
     ".AJ1PKad-k90sCGSL5CPvJfVBiIWkcyXj9IWfGmzElcMJHwU7dBtde6BARbmh9LVP1JjOxHL_Pi6Q77zBvURwnQ"},
    {"6DVr5LSFaKSTVfsF78HHp5dcvD0cnrMQsablUUPTeH4", "AFLcUbxQWt9iimvZR714dZxY8DrEnDv2E3NVZmzrFf8",
     "eyJhbGciOiJFUzI1NiIsImtpZCI6InkiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhIiwibiI6NDh9"
     ".pEAii1vD9JHRNikFq_KEoO4FtEmiNRyq-XSIhfDT6eoAiSefQ3jL4s-A_Iq-834w7TqOgz4HFd9SXlZAIGa2ww"}};

/// Without the zero that some issuers leave out.
std::string cut(const char* coordinate) {
    auto bytes = base64url_decode(coordinate).value();
    if (bytes.front() == std::byte{0}) bytes.erase(bytes.begin());
    return base64url_encode(bytes);
}

TEST(JwtKeys, NumbersMayBeginWithZeros) {
    for (const LeadingZero& each : leading_zeros) {
        const boost::json::object whole{{"kty", "EC"}, {"crv", "P-256"}, {"x", each.x}, {"y", each.y}};
        boost::json::object shorter = whole;
        shorter["x"] = cut(each.x);
        shorter["y"] = cut(each.y);
        ASSERT_NE(shorter, whole);
        for (boost::json::object key : {whole, shorter}) {
            key["kid"] = parse_jwt(each.token)->key_id.value();
            EXPECT_TRUE(verifies(JwtKeys::parse(key_set({key})).value(), each.token));
        }
    }
}

TEST(JwtKeys, AreLookedUpByNameAndAlgorithm) {
    const JwtKeys keys = all_keys();
    const TestKey stranger(es256, "curve");
    EXPECT_FALSE(verifies(keys, stranger.sign("{}"))) << "another key of that name";
    EXPECT_FALSE(verifies(keys, key_of(es256).sign("{}", {{"kid", "edwards"}})));
    EXPECT_FALSE(verifies(keys, key_of(es256).sign("{}", {{"kid", "../curve"}})));
    const auto unknown = parse_jwt(testing::unsigned_token(R"({"alg": "RS256", "kid": "curve"})", "{}"));
    EXPECT_FALSE(keys.has_key_for(*unknown)) << "an RSA signature by a key of a curve";
}

TEST(JwtKeys, WithoutANameTheOnlyOneOfTheAlgorithmCounts) {
    boost::json::object first = key_of(es256).public_jwk();
    const TestKey other(es256, "other");
    const std::string header = R"({"alg": "ES256"})";
    const std::string text = testing::unsigned_token(header, "{}");
    const auto jwt = parse_jwt(text);
    EXPECT_TRUE(all_keys().has_key_for(*jwt));
    EXPECT_FALSE(JwtKeys::parse(key_set({first, other.public_jwk()})).value().has_key_for(*jwt)) << "which?";
    first.erase("kid");
    EXPECT_FALSE(verifies(JwtKeys::parse(key_set({first})).value(), key_of(es256).sign("{}")))
        << "the token names a key";
}

TEST(JwtKeys, APublicKeyIsNoSecret) {
    // RS256 → HS256: the text of the public key as the secret of a token.
    const JwtKeys keys = all_keys();
    const auto jwt = parse_jwt(testing::unsigned_token(R"({"alg": "HS256", "kid": "rsa"})", "{}"));
    ASSERT_TRUE(jwt);
    EXPECT_FALSE(keys.has_key_for(*jwt));
}

TEST(JwtKeys, LeaveOutWhatIsNoKeyForSignatures) {
    const auto with = [](TokenAlgorithm algorithm, std::string_view name, const boost::json::value& value) {
        boost::json::object key = key_of(algorithm).public_jwk();
        key[name] = value;
        return key;
    };
    const boost::json::object secret{{"kty", "oct"}, {"k", "AAAA"}, {"alg", "HS256"}};
    for (const auto& key :
         {secret, with(rs256, "use", "enc"), with(rs256, "alg", "RS512"), with(rs256, "n", "AQAB"),
          with(rs256, "e", ""), with(rs256, "key_ops", {"sign"}), with(es256, "crv", "P-384"),
          with(es256, "x", ""), with(es256, "y", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
          with(eddsa, "crv", "X25519"), with(eddsa, "kty", "EC"), with(rs256, "kty", "xyz")}) {
        const auto keys = JwtKeys::parse(key_set({key}));
        ASSERT_TRUE(keys);
        EXPECT_EQ(keys->size(), 0U) << boost::json::serialize(key);
    }
    EXPECT_EQ(JwtKeys::parse(key_set({with(rs256, "use", "sig")}))->size(), 1U);
    EXPECT_EQ(JwtKeys::parse(key_set({with(rs256, "key_ops", {"verify"})}))->size(), 1U);
}

TEST(JwtKeys, KeepTheNumbersAlone) {
    boost::json::object key = key_of(es256).private_jwk();
    const JwtKeys kept = JwtKeys::parse(key_set({key})).value();
    for (const auto* name : {"d", "x5u", "x5c", "x5t"}) key[name] = "https://evil.example/";
    EXPECT_EQ(JwtKeys::parse(key_set({key})).value(), kept);
    EXPECT_TRUE(verifies(kept, key_of(es256).sign("{}")));
}

TEST(JwtKeys, RefuseWhatIsNoKeySet) {
    const auto key = key_of(es256).public_jwk();
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"keys": {}})"),
          std::string(R"({"keys": [1]})"), std::string(R"({"keys": [], "keys": []})"), key_set({key, key}),
          std::string(jwks_bytes_max, ' ') + "{\"keys\": []}"}) {
        const auto keys = JwtKeys::parse(text);
        ASSERT_FALSE(keys) << text.substr(0, 100);
        EXPECT_EQ(keys.error().code, ErrorCode::invalid_argument);
    }
    std::string many = "{\"keys\": [{}";
    for (std::size_t i = 0; i < jwks_keys_max; ++i) many += ",{}";
    EXPECT_FALSE(JwtKeys::parse(many + "]}"));
    EXPECT_EQ(JwtKeys::parse(R"({"keys": []})")->size(), 0U);
}

TEST(Hs256, IsVerifiedByTheSecretAlone) {
    // RFC 7515, appendix A.1.
    const std::string token =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const auto bytes = base64url_decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    const std::string secret(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    const auto jwt = parse_jwt(token);
    ASSERT_TRUE(jwt);
    EXPECT_TRUE(verify_hs256(*jwt, secret));
    EXPECT_FALSE(verify_hs256(*jwt, secret + "x"));
    std::string changed = token;
    changed[changed.find('.') + 2] ^= 1;
    if (const auto other = parse_jwt(changed)) EXPECT_FALSE(verify_hs256(*other, secret));
    Jwt cut = *jwt;
    cut.signature.pop_back();
    EXPECT_FALSE(verify_hs256(cut, secret));
}

}  // namespace
}  // namespace safelight

#include "access/jwt.h"

#include <gtest/gtest.h>

#include <string>

#include "access/testing/test_tokens.h"

namespace safelight {
namespace {

using testing::unsigned_token;

const Timestamp now{Milliseconds{1'795'000'000'000}};
constexpr const char* good_header = R"({"alg": "RS256", "kid": "a"})";

TokenConfig config() {
    TokenConfig config;
    config.issuer = "https://id.example";
    config.audience = "safelight";
    return config;
}

/// The claims of a good token, changed.
Result<TokenClaims> read(const boost::json::object& changes, const TokenConfig& with = config()) {
    boost::json::object claims{{"iss", "https://id.example"},
                               {"aud", "safelight"},
                               {"sub", "shop"},
                               {"exp", 1'795'000'060},
                               {"scope", "images:read openid"}};
    for (const auto& member : changes) claims[member.key()] = member.value();
    return read_claims(claims, with, now);
}

std::string refusal_of(const auto& result) {
    if (result) return "";
    EXPECT_EQ(result.error().code, ErrorCode::unauthenticated);
    return result.error().public_text;
}

TEST(Jwt, ComesApart) {
    const std::string text = unsigned_token(good_header, R"({"sub": "shop"})");
    const auto jwt = parse_jwt(text);
    ASSERT_TRUE(jwt);
    EXPECT_EQ(jwt->algorithm, TokenAlgorithm::rs256);
    EXPECT_EQ(jwt->key_id, "a");
    EXPECT_EQ(jwt->claims.at("sub"), "shop");
    EXPECT_EQ(jwt->signed_text, text.substr(0, text.rfind('.')));
    EXPECT_EQ(jwt->signature.size(), 12U);
    EXPECT_TRUE(parse_jwt(unsigned_token(R"({"alg": "HS256", "typ": "at+jwt"})", "{}")));
    EXPECT_TRUE(parse_jwt(unsigned_token(R"({"alg": "ES256", "typ": "application/JWT"})", "{}")));
}

TEST(Jwt, OfAnotherShapeIsRefused) {
    const std::string good = unsigned_token(good_header, "{}");
    const std::string header = good.substr(0, good.find('.'));
    for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("a.b"),
                                    good + ".x", good + "=", good.substr(0, good.rfind('.') + 1), " " + good,
                                    header + "..x", "." + good, "!" + good, std::string("sl_live_x")}) {
        EXPECT_NE(refusal_of(parse_jwt(text)), "") << text;
    }
}

TEST(Jwt, TooLongIsNotLookedAt) {
    const std::string text = unsigned_token(good_header, "{\"a\": \"" + std::string(9'000, 'a') + "\"}");
    EXPECT_EQ(refusal_of(parse_jwt(text)), "The token is too long.");
}

TEST(Jwt, AMemberTwiceIsRefused) {
    EXPECT_NE(refusal_of(parse_jwt(unsigned_token(good_header, R"({"sub": "a", "sub": "b"})"))), "");
    EXPECT_NE(refusal_of(parse_jwt(unsigned_token(R"({"alg": "RS256", "alg": "HS256"})", "{}"))), "");
}

TEST(Jwt, OtherAlgorithmsAreRefused) {
    for (const char* algorithm : {R"("none")", R"("None")", R"("nOnE")", R"("RS512")", R"("PS256")",
                                  R"("rs256")", R"("")", "null", "256", R"(["RS256"])"}) {
        const std::string header = std::string(R"({"alg": )") + algorithm + "}";
        EXPECT_NE(refusal_of(parse_jwt(unsigned_token(header, "{}"))), "") << header;
    }
    EXPECT_NE(refusal_of(parse_jwt(unsigned_token("{}", "{}"))), "");
}

TEST(Jwt, AHeaderThatBringsItsKeyOrChangesTheMeaningIsRefused) {
    for (const char* member : {R"("jku": "https://evil.example/keys")", R"("jwk": {"kty": "oct", "k": "AA"})",
                               R"("x5u": "https://evil.example/cert")", R"("x5c": ["AA"])",
                               R"("crit": ["exp"])", R"("zip": "DEF")", R"("b64": false)", R"("typ": "JWE")",
                               R"("typ": "logout+jwt")", R"("typ": 1)", R"("kid": 1)", R"("kid": "")"}) {
        const std::string header = std::string(R"({"alg": "RS256", )") + member + "}";
        EXPECT_NE(refusal_of(parse_jwt(unsigned_token(header, "{}"))), "") << header;
    }
    const std::string header = R"({"alg": "RS256", "kid": ")" + std::string(257, 'a') + "\"}";
    EXPECT_NE(refusal_of(parse_jwt(unsigned_token(header, "{}"))), "");
}

TEST(TokenClaims, AreRead) {
    const auto claims = read({});
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->account_name, "shop");
    EXPECT_EQ(claims->scope_names, (std::vector<std::string>{"images:read", "openid"}));
    EXPECT_EQ(claims->times.until, now + Milliseconds{90'000}) << "with the leeway";
    EXPECT_FALSE(claims->times.from);
}

TEST(TokenClaims, NamesOfClaimsAreConfigured) {
    TokenConfig with = config();
    with.account_claim = "https://example.com/tenant";
    with.scope_claim = "permissions";
    const auto claims =
        read({{"https://example.com/tenant", "other"}, {"permissions", {"admin", 1, "x"}}}, with);
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->account_name, "other");
    EXPECT_EQ(claims->scope_names, (std::vector<std::string>{"admin", "x"}));
    EXPECT_EQ(claims->subject, "shop");
    EXPECT_EQ(refusal_of(read({}, with)), "The token does not say whose it is.");
}

TEST(TokenClaims, AnotherIssuerOrAudienceIsRefused) {
    for (const boost::json::value& issuer :
         {boost::json::value("https://id.example/"), boost::json::value(""), boost::json::value(nullptr)})
        EXPECT_EQ(refusal_of(read({{"iss", issuer}})), "The token is of another issuer.");
    for (const boost::json::value& audience :
         {boost::json::value("other"), boost::json::value(""), boost::json::value(nullptr),
          boost::json::value(boost::json::array{}), boost::json::value(boost::json::array{"a", 1})})
        EXPECT_EQ(refusal_of(read({{"aud", audience}})), "The token is for another audience.");
    EXPECT_TRUE(read({{"aud", {"other", "safelight"}}}));
}

TEST(TokenClaims, TimesCountWithTheLeeway) {
    EXPECT_TRUE(read({{"exp", 1'794'999'971}}));
    EXPECT_EQ(refusal_of(read({{"exp", 1'794'999'970}})), "The token has expired.");
    EXPECT_TRUE(read({{"exp", 1'794'999'970.5}}));
    EXPECT_TRUE(read({{"nbf", 1'795'000'030}}));
    EXPECT_EQ(refusal_of(read({{"nbf", 1'795'000'031}})), "The token is not valid yet.");
    for (const boost::json::value& expiry :
         {boost::json::value(nullptr), boost::json::value("1795000060"), boost::json::value(-1),
          boost::json::value(1e300), boost::json::value(true)})
        EXPECT_EQ(refusal_of(read({{"exp", expiry}})), "The token does not say when it expires.");
    EXPECT_EQ(refusal_of(read({{"nbf", "soon"}})), "The token's \"nbf\" is no time.");
}

TEST(TokenClaims, SomebodyHasToBeNamed) {
    for (const boost::json::value& account :
         {boost::json::value(""), boost::json::value(1), boost::json::value(nullptr)})
        EXPECT_EQ(refusal_of(read({{"sub", account}})), "The token does not say whose it is.");
}

}  // namespace
}  // namespace safelight

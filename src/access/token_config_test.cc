#include "access/token_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace safelight {
namespace {

TokenConfig good() {
    TokenConfig config;
    config.issuer = "https://id.example";
    config.audience = "safelight";
    config.jwks = "https://id.example/jwks.json";
    return config;
}

std::vector<std::string> faults_of(const TokenConfig& config) {
    std::vector<std::string> pointers;
    if (const Status status = config.validate(); !status) {
        for (const Fault& fault : status.error().faults) pointers.push_back(fault.pointer);
    }
    return pointers;
}

TEST(TokenAlgorithms, AreFourAndNamedOnce) {
    using enum TokenAlgorithm;
    EXPECT_EQ(token_algorithms_from_text("RS256, ES256,EdDSA,HS256"),
              (std::vector{rs256, es256, eddsa, hs256}));
    EXPECT_EQ(to_text({hs256, eddsa}), "HS256,EdDSA");
    for (const char* text : {"", "none", "rs256", "RS256,RS256", "RS256,", "RS256 ES256", "PS256", "HS512"})
        EXPECT_FALSE(token_algorithms_from_text(text)) << text;
}

TEST(TokenConfig, OffNeedsNothing) {
    EXPECT_FALSE(TokenConfig{}.is_on());
    EXPECT_TRUE(TokenConfig{}.validate());
}

TEST(TokenConfig, OnNeedsWhatItIsCheckedBy) {
    EXPECT_EQ(faults_of(good()), std::vector<std::string>());
    TokenConfig config = good();
    config.audience.clear();
    config.jwks.clear();
    config.account_claim.clear();
    config.scope_claim.clear();
    EXPECT_EQ(faults_of(config),
              (std::vector<std::string>{"audience", "jwks", "account_claim", "scope_claim"}));
    config = good();
    config.algorithms = {TokenAlgorithm::hs256};
    config.jwks.clear();
    config.secret = std::string(31, 'x');
    EXPECT_EQ(faults_of(config), std::vector<std::string>{"secret"});
    config.secret += 'x';
    EXPECT_EQ(faults_of(config), std::vector<std::string>());
}

TEST(TokenConfig, KeysComeOverWhatNobodyCanChange) {
    TokenConfig config = good();
    for (const char* jwks : {"keys.json", "/etc/keys.json", "https://id.example/a?b=c",
                             "http://127.0.0.1:8000/a", "http://[::1]/a", "http://localhost/a"}) {
        config.jwks = jwks;
        EXPECT_TRUE(config.validate()) << jwks;
    }
    for (const char* jwks : {"http://id.example/a", "ftp://id.example/a", "file:///etc/a", "https://",
                             "https://user:secret@id.example/a", "http://127.0.0.1.evil.example/a"}) {
        config.jwks = jwks;
        EXPECT_EQ(faults_of(config), std::vector<std::string>{"jwks"}) << jwks;
    }
}

}  // namespace
}  // namespace safelight

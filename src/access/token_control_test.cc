#include "access/token_control.h"

#include <gtest/gtest.h>

#include "access/testing/access_fixture.h"
#include "access/testing/test_source.h"
#include "access/testing/test_tokens.h"

namespace safelight {
namespace {

using testing::key_set;
using testing::TestKey;

class TokenControlTest : public testing::AccessFixture {
  protected:
    TokenControlTest() {
        config_.issuer = "https://id.example";
        config_.audience = "safelight";
        config_.algorithms = {TokenAlgorithm::es256, TokenAlgorithm::hs256};
        config_.secret = "a secret that nobody can guess, for HS256";
        source_.set(key_set({key_.public_jwk()}));
        EXPECT_TRUE(keeper_.refresh());
    }

    [[nodiscard]] TokenControl control() { return {config_, {&keeper_, accounts(), ids_, clock_}}; }

    [[nodiscard]] std::string claims(const boost::json::object& changes = {}) const {
        boost::json::object all{{"iss", "https://id.example"},
                                {"aud", "safelight"},
                                {"sub", "default"},
                                {"exp", 1'795'000'060},
                                {"scope", "images:read other"}};
        for (const auto& member : changes) all[member.key()] = member.value();
        return boost::json::serialize(all);
    }
    [[nodiscard]] std::string token(const boost::json::object& changes = {}) const {
        return key_.sign(claims(changes));
    }
    static std::string refusal_of(const Result<Principal>& result) {
        if (result) return "";
        EXPECT_EQ(result.error().code, ErrorCode::unauthenticated);
        return result.error().public_text;
    }

    TokenConfig config_;
    const TestKey key_{TokenAlgorithm::es256, "a"};
    testing::SourceState source_;
    KeyKeeper keeper_{std::make_unique<testing::TestSource>(source_), Milliseconds{3'600'000}, *log_};
};

TEST_F(TokenControlTest, AGenuineTokenActsForItsAccount) {
    TokenControl control = this->control();
    const auto principal = control.check(token());
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->account, default_account());
    EXPECT_EQ(principal->scopes, Scopes{Scope::images_read}) << "scopes of others are nobody's here";
    EXPECT_EQ(principal->name, "token of default");
    EXPECT_EQ(control.check(token({{"scope", {"images:write", "admin"}}}))->scopes,
              (Scopes{Scope::images_write, Scope::admin}));
    const auto without = control.check(token({{"scope", nullptr}}));
    ASSERT_TRUE(without);
    EXPECT_TRUE(without->scopes.empty());
}

TEST_F(TokenControlTest, AVerifiedTokenIsRecalledUntilItExpires) {
    TokenControl control = this->control();
    const std::string good = token();
    EXPECT_FALSE(control.cached(good).has_value());
    ASSERT_TRUE(control.check(good));
    ASSERT_TRUE(control.cached(good));
    EXPECT_TRUE(*control.cached(good));
    clock_.advance(Milliseconds{89'999});
    EXPECT_TRUE(*control.cached(good));
    clock_.advance(Milliseconds{1});
    EXPECT_EQ(refusal_of(*control.cached(good)), "The token has expired.");
    EXPECT_EQ(refusal_of(control.check(good)), "The token has expired.");
}

TEST_F(TokenControlTest, WhatIsNotGenuineIsRefusedAndNotKept) {
    TokenControl control = this->control();
    const TestKey stranger(TokenAlgorithm::es256, "a");
    const std::string forged = stranger.sign(claims());
    EXPECT_EQ(refusal_of(control.check(forged)), "The token's signature is not valid.");
    EXPECT_FALSE(control.cached(forged).has_value());
    EXPECT_NE(refusal_of(control.check("nonsense")), "");
    EXPECT_EQ(refusal_of(*control.cached(std::string(token_bytes_max + 1, 'a'))), "The token is too long.");
    EXPECT_EQ(source_.reads, 1) << "no key was fetched for any of it";
}

TEST_F(TokenControlTest, AlgorithmsAreThoseOfTheConfiguration) {
    config_.algorithms = {TokenAlgorithm::rs256};
    TokenControl control = this->control();
    EXPECT_NE(refusal_of(control.check(token())), "");
}

TEST_F(TokenControlTest, AnUnknownKeyIsLookedForOnlyByAGoodToken) {
    KeyKeeper eager(std::make_unique<testing::TestSource>(source_), Milliseconds{0}, *log_);
    TokenControl control(config_, {&eager, accounts(), ids_, clock_});
    const TestKey next(TokenAlgorithm::es256, "b");
    EXPECT_NE(refusal_of(control.check(next.sign(claims({{"aud", "other"}})))), "");
    EXPECT_NE(refusal_of(control.check(next.sign(claims({{"exp", 1}})))), "");
    EXPECT_EQ(source_.reads, 1);
    EXPECT_EQ(refusal_of(control.check(next.sign(claims()))),
              "The token is signed by a key that is not known.");
    EXPECT_EQ(source_.reads, 2);
    source_.set(key_set({next.public_jwk()}));
    EXPECT_TRUE(control.check(next.sign(claims())));
    EXPECT_NE(refusal_of(control.check(token())), "") << "the old key is gone";
}

TEST_F(TokenControlTest, AKeyThatIsGoneTakesWhatWasVerifiedAlong) {
    TokenControl control = this->control();
    const std::string good = token();
    ASSERT_TRUE(control.check(good));
    const TestKey next(TokenAlgorithm::es256, "b");
    source_.set(key_set({next.public_jwk()}));
    ASSERT_TRUE(keeper_.refresh());
    EXPECT_FALSE(control.cached(good).has_value());
    EXPECT_EQ(refusal_of(control.check(good)), "The token is signed by a key that is not known.");
}

TEST_F(TokenControlTest, WithoutAnyKeysYetItIsNotTheTokensFault) {
    testing::SourceState away;
    KeyKeeper keeper(std::make_unique<testing::TestSource>(away), Milliseconds{0}, *log_);
    TokenControl control(config_, {&keeper, accounts(), ids_, clock_});
    EXPECT_EQ(control.check(token()).error().code, ErrorCode::unavailable);
}

TEST_F(TokenControlTest, AnAccountIsKnownOrMadeAsConfigured) {
    TokenControl known = control();
    EXPECT_NE(refusal_of(known.check(token({{"sub", "shop"}}))), "");
    config_.makes_accounts = true;
    TokenControl making = control();
    const auto made = making.check(token({{"sub", "shop"}}));
    ASSERT_TRUE(made);
    EXPECT_EQ((*accounts().find_account("shop"))->id, made->account);
    EXPECT_EQ(known.check(token({{"sub", "shop"}}))->account, made->account);
    EXPECT_NE(refusal_of(making.check(token({{"sub", "a\nb"}}))), "") << "no name for an account";
}

}  // namespace
}  // namespace safelight

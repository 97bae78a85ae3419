#include "access/access_control.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "access/api_key_text.h"
#include "access/testing/access_fixture.h"
#include "access/testing/slow_accounts.h"

namespace safelight {
namespace {

using testing::SlowAccounts;

class AccessControlTest : public testing::AccessFixture {
  protected:
    [[nodiscard]] static ErrorCode code_of(const Result<Principal>& result) {
        EXPECT_FALSE(result.has_value());
        return result ? ErrorCode::internal : result.error().code;
    }
};

TEST_F(AccessControlTest, EveryRefusalReadsTheSame) {
    const IssuedKey revoked = issue({Scope::images_read});
    ASSERT_TRUE(ring_.revoke(revoked.key.id));
    const IssuedKey expired =
        ring_.issue({default_account(), "a", {Scope::admin}, clock_.now() + Milliseconds{1}}).value();
    clock_.advance(Milliseconds{1});
    const std::string unknown = make_api_key_text().text;
    for (const std::string& token :
         {revoked.text, expired.text, unknown, std::string("sl_live_"), std::string()}) {
        const auto refused = control_.check(token);
        ASSERT_FALSE(refused) << token;
        EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
        EXPECT_EQ(refused.error().public_text, control_.check("nonsense").error().public_text);
        EXPECT_EQ(refused.error().public_text.find(token.substr(0, 12)),
                  token.empty() ? 0 : std::string::npos);
    }
}

TEST_F(AccessControlTest, AnAnswerIsRecalledWithoutTheCatalog) {
    const IssuedKey issued = issue({Scope::images_read});
    EXPECT_FALSE(control_.cached(issued.text).has_value());
    ASSERT_TRUE(control_.check(issued.text));
    const auto recalled = control_.cached(issued.text);
    ASSERT_TRUE(recalled && *recalled);
    EXPECT_EQ((**recalled).account, default_account());

    const std::string unknown = make_api_key_text().text;
    EXPECT_FALSE(control_.check(unknown));
    const auto refused = control_.cached(unknown);
    ASSERT_TRUE(refused);
    EXPECT_EQ(code_of(*refused), ErrorCode::unauthenticated);
    // What cannot be a key needs no memory.
    EXPECT_EQ(code_of(*control_.cached("nonsense")), ErrorCode::unauthenticated);
}

TEST_F(AccessControlTest, WhatIsRecalledExpiresWithTheKey) {
    const IssuedKey issued =
        ring_.issue({default_account(), "a", {Scope::admin}, clock_.now() + Milliseconds{500}}).value();
    ASSERT_TRUE(control_.check(issued.text));
    clock_.advance(Milliseconds{500});
    EXPECT_EQ(code_of(*control_.cached(issued.text)), ErrorCode::unauthenticated);
}

TEST_F(AccessControlTest, ARevocationIsHeardOfWhenTheMemoryFades) {
    AccessControl control({.cache_ttl = Milliseconds{0}}, accounts(), clock_, *log_);
    const IssuedKey issued = issue({Scope::images_read});
    ASSERT_TRUE(control.check(issued.text));
    ASSERT_TRUE(ring_.revoke(issued.key.id));
    EXPECT_FALSE(control.cached(issued.text).has_value());
    EXPECT_EQ(code_of(control.check(issued.text)), ErrorCode::unauthenticated);
}

TEST_F(AccessControlTest, RemembersNoMoreThanItMay) {
    AccessControl control({.cached_max = 2}, accounts(), clock_, *log_);
    const IssuedKey a = issue({Scope::images_read});
    const IssuedKey b = issue({Scope::images_read});
    const IssuedKey c = issue({Scope::images_read});
    for (const IssuedKey* each : {&a, &b, &c, &c}) ASSERT_TRUE(control.check(each->text));
    EXPECT_FALSE(control.cached(a.text).has_value());
    EXPECT_TRUE(control.cached(b.text));
    EXPECT_TRUE(control.cached(c.text));
}

TEST_F(AccessControlTest, KeysThatNobodyKnowsPushNoRealOneOut) {
    AccessControl control({.cached_max = 2, .unknown_max = 2}, accounts(), clock_, *log_);
    const IssuedKey known = issue({Scope::images_read});
    ASSERT_TRUE(control.check(known.text));
    std::vector<std::string> unknown;
    for (int i = 0; i < 10; ++i) unknown.push_back(make_api_key_text().text);
    for (const std::string& each : unknown) EXPECT_FALSE(control.check(each));
    EXPECT_TRUE(control.cached(known.text));
    EXPECT_TRUE(control.cached(unknown.back()));
    EXPECT_FALSE(control.cached(unknown.front()).has_value()) << "and they are bounded themselves";
}

TEST_F(AccessControlTest, WhoAsksForAKeyThatIsBeingLookedUpWaitsForThatAnswer) {
    constexpr int askers = 8;
    SlowAccounts slow(accounts());
    AccessControl control({}, slow, clock_, *log_);
    const IssuedKey issued = issue({Scope::images_read});
    slow.hold();
    std::vector<std::future<Result<Principal>>> answers;
    const auto ask = [&] {
        answers.push_back(std::async(std::launch::async, [&] { return control.check(issued.text); }));
    };
    ask();
    slow.lookups.wait(0);
    for (int i = 1; i < askers; ++i) ask();
    slow.release();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_EQ(slow.lookups, 1);
}

TEST_F(AccessControlTest, UseIsNotedNowAndThenAndNotByTheRequest) {
    AccessControl control({.cache_ttl = Milliseconds{0}}, accounts(), clock_, *log_);
    const IssuedKey issued = issue({Scope::images_read});
    const auto last_used = [&] { return (*accounts().find_key(issued.key.id))->last_used_at; };
    const Timestamp first = clock_.now();
    ASSERT_TRUE(control.check(issued.text));
    EXPECT_EQ(last_used(), std::nullopt);
    control.write_uses();
    EXPECT_EQ(last_used(), first);
    clock_.advance(Milliseconds{59'999});
    ASSERT_TRUE(control.check(issued.text));
    control.write_uses();
    EXPECT_EQ(last_used(), first);
    clock_.advance(Milliseconds{1});
    ASSERT_TRUE(control.check(issued.text));
    control.write_uses();
    EXPECT_EQ(last_used(), clock_.now());
}

TEST_F(AccessControlTest, ScopesAreRequiredOneByOne) {
    const Principal principal{default_account(), {Scope::images_read}, "k"};
    EXPECT_TRUE(require(principal, Scope::images_read));
    const Status refused = require(principal, Scope::images_write);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
    EXPECT_NE(refused.error().public_text.find("images:write"), std::string::npos);
    EXPECT_FALSE(require({default_account(), {Scope::admin}, "k"}, Scope::images_read));
}

}  // namespace
}  // namespace safelight

#include "access/key_ring.h"

#include <gtest/gtest.h>

#include "access/access_control.h"
#include "access/testing/access_fixture.h"

namespace safelight {
namespace {

class KeyRingTest : public testing::AccessFixture {};

TEST_F(KeyRingTest, AnIssuedKeyOpens) {
    const Account account = ring_.create_account("shop").value();
    const IssuedKey issued = issue({Scope::images_read}, account.id);
    EXPECT_TRUE(issued.text.starts_with("sl_live_"));
    const auto principal = control_.check(issued.text);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->account, account.id);
    EXPECT_EQ(principal->scopes, Scopes{Scope::images_read});
    EXPECT_EQ(principal->name, issued.key.id.to_string());
}

TEST_F(KeyRingTest, FaultsAreNamed) {
    const auto issued = ring_.issue({default_account(), "", {}, clock_.now()});
    ASSERT_FALSE(issued);
    std::vector<std::string> pointers;
    for (const Fault& fault : issued.error().faults) pointers.push_back(fault.pointer);
    EXPECT_EQ(pointers, (std::vector<std::string>{"/name", "/scopes", "/expires_at"}));
    EXPECT_EQ(ring_.issue({AccountId{}, "a", {Scope::admin}, {}}).error().code, ErrorCode::not_found);
    EXPECT_EQ(ring_.create_account("").error().faults.front().pointer, "/name");
    EXPECT_EQ(ring_.create_account("default").error().code, ErrorCode::conflict);
}

TEST_F(KeyRingTest, ARotatedKeyIsGoodForItsGrace) {
    const IssuedKey old = issue({Scope::images_write});
    const auto issued = ring_.rotate(old.key.id, Milliseconds{10'000});
    ASSERT_TRUE(issued);
    EXPECT_NE(issued->text, old.text);
    EXPECT_EQ(issued->key.name, old.key.name);
    EXPECT_EQ(issued->key.scopes, old.key.scopes);
    EXPECT_TRUE(control_.check(old.text));
    EXPECT_TRUE(control_.check(issued->text));
    clock_.advance(Milliseconds{10'000});
    EXPECT_EQ(control_.check(old.text).error().code, ErrorCode::unauthenticated);
    EXPECT_TRUE(control_.check(issued->text));
}

TEST_F(KeyRingTest, WhatIsNotValidCannotBeRotated) {
    const IssuedKey issued = issue({Scope::images_read});
    ASSERT_TRUE(ring_.revoke(issued.key.id));
    EXPECT_EQ(ring_.rotate(issued.key.id, Milliseconds{0}).error().code, ErrorCode::conflict);
    EXPECT_EQ(ring_.rotate(ids_.next<ApiKeyId>(), Milliseconds{0}).error().code, ErrorCode::not_found);
    EXPECT_EQ(ring_.revoke(ids_.next<ApiKeyId>()).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace safelight

// Accounts and API keys.
#include "catalog/conformance/account_suite.h"

namespace safelight {
namespace {

TEST_P(AccountConformance, TheDefaultAccountIsThere) {
    const auto account = accounts().find_account(default_account());
    SAFELIGHT_ASSERT_OK(account);
    ASSERT_TRUE(*account);
    EXPECT_EQ((*account)->name, "default");
}

TEST_P(AccountConformance, AccountsAreFoundByIdAndName) {
    const Account created = create_account("Zoë");
    EXPECT_EQ(*accounts().find_account(created.id), created);
    EXPECT_EQ(*accounts().find_account("Zoë"), created);
    EXPECT_EQ(*accounts().find_account("zoë"), std::nullopt);
    EXPECT_EQ(*accounts().find_account(ids_.next<AccountId>()), std::nullopt);
}

TEST_P(AccountConformance, ANameOrIdIsTakenOnce) {
    const Account first = create_account("first");
    EXPECT_EQ(code_of(accounts().create_account({ids_.next<AccountId>(), "first", now()})),
              ErrorCode::conflict);
    EXPECT_EQ(code_of(accounts().create_account({first.id, "second", now()})), ErrorCode::conflict);
}

TEST_P(AccountConformance, AccountsAreListedInPages) {
    const Account a = create_account("b");
    const Account b = create_account("a");
    const auto all = accounts().list_accounts({}, 10);
    SAFELIGHT_ASSERT_OK(all);
    ASSERT_EQ(all->size(), 3U);  // the default account is the oldest
    EXPECT_EQ((*all)[1], a);
    EXPECT_EQ((*all)[2], b);
    EXPECT_EQ(*accounts().list_accounts(a.id, 10), std::vector{b});
    EXPECT_EQ(accounts().list_accounts({}, 2)->size(), 2U);
    EXPECT_TRUE(accounts().list_accounts(b.id, 10)->empty());
}

TEST_P(AccountConformance, AKeyIsFoundByItsSecretWithAllThatWasSaid) {
    ApiKey key{.id = ids_.next<ApiKeyId>(),
               .account = create_account("owner").id,
               .name = "phone",
               .scopes = {Scope::images_write, Scope::admin},
               .created_at = now(),
               .expires_at = now() + Milliseconds{5'000},
               .revoked_at = {},
               .last_used_at = {}};
    SAFELIGHT_ASSERT_OK(accounts().create_key(key, hash_of("secret")));
    EXPECT_EQ(find("secret"), key);
    EXPECT_EQ(*accounts().find_key(key.id), key);
    EXPECT_EQ(find("another"), std::nullopt);
    EXPECT_EQ(*accounts().find_key(ids_.next<ApiKeyId>()), std::nullopt);
}

TEST_P(AccountConformance, AKeyNeedsAnAccountAndASecretOfItsOwn) {
    ApiKey key = create_key(default_account(), "secret");
    EXPECT_EQ(code_of(accounts().create_key(key, hash_of("another"))), ErrorCode::conflict);
    key.id = ids_.next<ApiKeyId>();
    EXPECT_EQ(code_of(accounts().create_key(key, hash_of("secret"))), ErrorCode::conflict);
    key.account = ids_.next<AccountId>();
    EXPECT_EQ(code_of(accounts().create_key(key, hash_of("another"))), ErrorCode::not_found);
    EXPECT_EQ(find("another"), std::nullopt);
}

TEST_P(AccountConformance, KeysAreListedInPagesOfAnAccountOrOfAll) {
    const AccountId other = create_account("other").id;
    const ApiKey a = create_key(default_account(), "a");
    const ApiKey b = create_key(other, "b");
    const ApiKey c = create_key(default_account(), "c");
    EXPECT_EQ(*accounts().list_keys({}), (std::vector{a, b, c}));
    EXPECT_EQ(*accounts().list_keys({.account = default_account()}), (std::vector{a, c}));
    EXPECT_EQ(*accounts().list_keys({.account = default_account(), .after = a.id}), std::vector{c});
    EXPECT_EQ(*accounts().list_keys({.after = a.id, .limit = 1}), std::vector{b});
}

TEST_P(AccountConformance, RevokingKeepsTheFirstTime) {
    const ApiKey key = create_key(default_account(), "secret");
    EXPECT_EQ(accounts().revoke_key(key.id, now())->revoked_at, now());
    EXPECT_EQ(accounts().revoke_key(key.id, now() - Milliseconds{1'000})->revoked_at, now());
    EXPECT_EQ(find("secret")->revoked_at, now());
    EXPECT_EQ(code_of(accounts().revoke_key(ids_.next<ApiKeyId>(), now())), ErrorCode::not_found);
}

TEST_P(AccountConformance, RotatingMakesASuccessorAndEndsTheOldOne) {
    const ApiKey old = create_key(default_account(), "old");
    ApiKey successor = old;
    successor.id = ids_.next<ApiKeyId>();
    successor.created_at = now();
    const Timestamp later = now() + Milliseconds{1'000};
    SAFELIGHT_ASSERT_OK(accounts().rotate_key(old.id, later, successor, hash_of("new")));
    EXPECT_EQ(find("old")->expires_at, later);
    EXPECT_EQ(find("new"), successor);

    successor.id = ids_.next<ApiKeyId>();
    SAFELIGHT_ASSERT_OK(
        accounts().rotate_key(old.id, later + Milliseconds{1'000}, successor, hash_of("newer")));
    EXPECT_EQ(find("old")->expires_at, later) << "never later than it would have";
}

TEST_P(AccountConformance, WhatWasRevokedGetsNoSuccessor) {
    const ApiKey old = create_key(default_account(), "old");
    SAFELIGHT_ASSERT_OK(accounts().revoke_key(old.id, now()));
    ApiKey successor = old;
    successor.id = ids_.next<ApiKeyId>();
    EXPECT_EQ(code_of(accounts().rotate_key(old.id, now(), successor, hash_of("new"))), ErrorCode::conflict);
    EXPECT_EQ(code_of(accounts().rotate_key(ids_.next<ApiKeyId>(), now(), successor, hash_of("new"))),
              ErrorCode::not_found);
    EXPECT_EQ(find("new"), std::nullopt);
}

TEST_P(AccountConformance, ARotationThatFailsChangesNothing) {
    const ApiKey old = create_key(default_account(), "old");
    ApiKey successor = old;
    successor.id = ids_.next<ApiKeyId>();
    EXPECT_EQ(code_of(accounts().rotate_key(old.id, now(), successor, hash_of("old"))), ErrorCode::conflict);
    EXPECT_EQ(find("old"), old);
}

TEST_P(AccountConformance, UsesAreNotedTogether) {
    const ApiKey first = create_key(default_account(), "first");
    const ApiKey second = create_key(default_account(), "second");
    EXPECT_EQ(find("first")->last_used_at, std::nullopt);
    const KeyUse uses[] = {
        {second.id, now()}, {first.id, now() - Milliseconds{1}}, {ids_.next<ApiKeyId>(), now()}};
    SAFELIGHT_ASSERT_OK(accounts().note_uses(uses));
    EXPECT_EQ(find("first")->last_used_at, now() - Milliseconds{1});
    EXPECT_EQ(find("second")->last_used_at, now());
    const KeyUse earlier[] = {{second.id, now() - Milliseconds{1'000}}};
    SAFELIGHT_ASSERT_OK(accounts().note_uses(earlier));
    EXPECT_EQ(find("second")->last_used_at, now()) << "another node's clock is behind";
    SAFELIGHT_ASSERT_OK(accounts().note_uses({}));
}

TEST_P(AccountConformance, AnotherProcessSeesARevocation) {
    const ApiKey key = create_key(default_account(), "secret");
    const auto another = under_test().open_another();
    SAFELIGHT_ASSERT_OK(accounts().revoke_key(key.id, now()));
    const auto seen = another->accounts().find_key(hash_of("secret"));
    SAFELIGHT_ASSERT_OK(seen);
    EXPECT_EQ((*seen)->revoked_at, now());
}

}  // namespace

}  // namespace safelight

// Idempotency: who serves a request, what is kept of it, and that a job and its answer come into being
// together.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catalog/conformance/idempotency_suite.h"

namespace safelight {
namespace {

TEST_P(IdempotencyConformance, AKeyIsHeldByOneRequest) {
    const auto first = claim_of("a");
    EXPECT_TRUE(takes(first));
    const auto state = state_after(claim_of("a"));
    ASSERT_TRUE(std::holds_alternative<KeyInUse>(state));
    EXPECT_EQ(std::get<KeyInUse>(state).until, now() + lease);
    EXPECT_TRUE(takes(claim_of("b")));
    EXPECT_TRUE(takes(claim_of("a", stranger_))) << "keys are each account's own";
}

TEST_P(IdempotencyConformance, AnAnswerIsKeptAndGivenAgain) {
    const auto first = claim_of("a");
    ASSERT_TRUE(takes(first));
    const std::string bytes("an\0swer\xff", 8);
    SAFELIGHT_ASSERT_OK(store().keep(record_of(first, bytes)));
    EXPECT_EQ(std::get<KeptAnswer>(state_after(claim_of("a"))), (KeptAnswer{hash_of("request"), bytes}));
    SAFELIGHT_ASSERT_OK(store().amend(first, "later"));
    EXPECT_EQ(answer_of("a"), "later");
    EXPECT_EQ(code_of(store().keep(record_of(first))), ErrorCode::fenced) << "once";
    SAFELIGHT_ASSERT_OK(store().release(first));
    EXPECT_EQ(answer_of("a"), "later") << "what is kept is not let go of";
}

TEST_P(IdempotencyConformance, AReleasedKeyIsFree) {
    const auto first = claim_of("a");
    ASSERT_TRUE(takes(first));
    SAFELIGHT_ASSERT_OK(store().release(first));
    SAFELIGHT_ASSERT_OK(store().release(first));
    EXPECT_EQ(code_of(store().keep(record_of(first))), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(store().amend(first, "x"));
    EXPECT_TRUE(takes(claim_of("a")));
}

TEST_P(IdempotencyConformance, ARequestThatDiedLosesItsKey) {
    const auto dead = claim_of("a");
    ASSERT_TRUE(takes(dead));
    advance(lease - Milliseconds{1});
    SAFELIGHT_ASSERT_OK(store().renew(dead, now() + lease));
    advance(lease - Milliseconds{1});
    EXPECT_FALSE(takes(claim_of("a")));
    advance(Milliseconds{1});
    const auto next = claim_of("a");
    EXPECT_TRUE(takes(next));
    // Not dead after all, and too late.
    EXPECT_EQ(code_of(store().renew(dead, now() + lease)), ErrorCode::fenced);
    EXPECT_EQ(code_of(store().keep(record_of(dead))), ErrorCode::fenced);
    SAFELIGHT_ASSERT_OK(store().release(dead));
    SAFELIGHT_ASSERT_OK(store().keep(record_of(next, "next")));
    SAFELIGHT_ASSERT_OK(store().amend(dead, "dead"));
    EXPECT_EQ(answer_of("a"), "next");
}

TEST_P(IdempotencyConformance, AnAnswerIsKeptForItsTime) {
    const auto first = claim_of("a");
    ASSERT_TRUE(takes(first));
    SAFELIGHT_ASSERT_OK(store().keep(record_of(first, "answer", Milliseconds{1'000})));
    EXPECT_EQ(code_of(store().renew(first, now() + lease)), ErrorCode::fenced);
    advance(Milliseconds{999});
    EXPECT_EQ(answer_of("a"), "answer");
    advance(Milliseconds{1});
    EXPECT_TRUE(takes(claim_of("a")));
    EXPECT_FALSE(takes(claim_of("a"))) << "of the answer nothing is left";
}

TEST_P(IdempotencyConformance, WhatIsOverIsSwept) {
    for (int i = 0; i < 5; ++i) {
        const auto claim = claim_of(std::to_string(i));
        ASSERT_TRUE(takes(claim));
        if (i < 3) SAFELIGHT_ASSERT_OK(store().keep(record_of(claim, "x", lease + Milliseconds{i})));
    }
    EXPECT_EQ(store().sweep(10, now()), 0U);
    advance(lease);
    EXPECT_EQ(store().sweep(2, now()), 2U);
    EXPECT_EQ(store().sweep(10, now()), 1U);
    EXPECT_EQ(store().sweep(10, now()), 0U);
    EXPECT_EQ(answer_of("1"), "x");
    advance(Milliseconds{10});
    EXPECT_EQ(store().sweep(10, now()), 2U);
}

TEST_P(IdempotencyConformance, AJobAndItsAnswerComeTogether) {
    const auto claim = claim_of("a");
    ASSERT_TRUE(takes(claim));
    const Job draft_job = draft({"thumbnail"});
    const auto created = catalog().create_job(draft_job, {.record_of = [&](const Job& job) {
                                                  EXPECT_EQ(job.status, JobStatus::processing)
                                                      << "as it is stored";
                                                  return record_of(claim, "job " + job.id.to_string());
                                              }});
    SAFELIGHT_ASSERT_OK(created);
    EXPECT_EQ(answer_of("a"), "job " + draft_job.id.to_string());
}

TEST_P(IdempotencyConformance, WithoutItsKeyThereIsNoJob) {
    const auto dead = claim_of("a");
    ASSERT_TRUE(takes(dead));
    advance(lease);
    ASSERT_TRUE(takes(claim_of("a")));
    const Job job = draft({"thumbnail"});
    EXPECT_EQ(code_of(catalog().create_job(job, {.record_of = [&](const Job&) { return record_of(dead); }})),
              ErrorCode::fenced);
    EXPECT_EQ(code_of(catalog().find_job(default_account(), job.id)), ErrorCode::not_found);
    EXPECT_EQ(state_of(job.image.blob), BlobState::writing) << "for the sweeper";
}

TEST_P(IdempotencyConformance, WithoutAJobThereIsNoAnswer) {
    const auto claim = claim_of("a");
    ASSERT_TRUE(takes(claim));
    Job job = draft({"thumbnail"});
    job.image.blob = ids_.next<BlobKey>();  // not reserved
    EXPECT_EQ(code_of(catalog().create_job(job, {.record_of = [&](const Job&) { return record_of(claim); }})),
              ErrorCode::conflict);
    SAFELIGHT_ASSERT_OK(store().keep(record_of(claim)));  // still held, and nothing was kept
}

TEST_P(IdempotencyConformance, OfManyAtOnceOneIsServed) {
    constexpr int many = 20;
    const auto other = under_test().open_another();
    std::atomic<int> taken = 0;
    std::atomic<int> in_use = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < many; ++i) {
        threads.emplace_back([&, i] {
            Idempotency& here = i % 2 == 0 ? store() : other->idempotency();
            const auto state = here.claim(claim_of("a"), lease, now());
            ASSERT_TRUE(state) << state.error().log_text;
            ++(std::holds_alternative<KeyTaken>(*state) ? taken : in_use);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(in_use, many - 1);
}

}  // namespace
}  // namespace safelight

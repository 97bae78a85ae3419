#include "queue/redis/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace safelight::redis {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Answer {
    const char* text;
    Trouble trouble;
    const char* advice;
};

class KnownAnswer : public testing::TestWithParam<Answer> {};

TEST_P(KnownAnswer, IsTypedAndSaysWhatToMend) {
    const Failure failure = failure_of_reply(GetParam().text);
    EXPECT_EQ(failure.trouble, GetParam().trouble) << failure.log_text;
    EXPECT_THAT(failure.log_text, HasSubstr(GetParam().advice));
    EXPECT_THAT(failure.log_text, HasSubstr(GetParam().text));
}

// Those that a real server can be brought to say are heard from it in trouble_test.cc; here, the others.
INSTANTIATE_TEST_SUITE_P(
    Answers, KnownAnswer,
    testing::Values(
        Answer{"ERR no such key", Trouble::no_group, "not there yet"},
        Answer{"UNBLOCKED the stream key no longer exists", Trouble::no_group, "removed"},
        Answer{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
               Trouble::loading, "primary"},
        Answer{"NOREPLICAS Not enough good replicas to write.", Trouble::cannot_persist, "replicas"},
        Answer{"MOVED 3999 127.0.0.1:6381", Trouble::in_cluster, "cluster"},
        Answer{"CLUSTERDOWN Hash slot not served", Trouble::in_cluster, "cluster"},
        Answer{"DENIED Redis is running in protected mode", Trouble::not_permitted, "protected mode"},
        Answer{"ERR unknown command `XAUTOCLAIM`, with args beginning with: ", Trouble::too_old, "6.2"},
        Answer{"ERR max number of clients reached", Trouble::too_many_clients, "maxclients"},
        Answer{"ERR something new", Trouble::refused, "refused"}));

TEST(FailureOfLogin, RepeatsNothing) {
    for (const char* text : {"ERR unknown command 'AUTH', with args beginning with: 'secret' ", "ERR secret",
                             "WRONGPASS secret", "NOAUTH secret"}) {
        EXPECT_THAT(failure_of_login(text).log_text, Not(HasSubstr("secret")));
    }
}

TEST(FailureOfReply, QuotesNoLongTexts) {
    EXPECT_LT(failure_of_reply(std::string(1 << 20, 'x')).log_text.size(), 300U);
}

TEST(ToError, IsUnavailableToCallers) {
    const Error error = to_error({Trouble::out_of_memory, "raise maxmemory"});
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_EQ(error.log_text, "raise maxmemory");
    EXPECT_THAT(error.public_text, Not(HasSubstr("edis")));
}

}  // namespace
}  // namespace safelight::redis

#include "http/router.h"

#include <gtest/gtest.h>

namespace safelight::http {
namespace {

class RouterTest : public ::testing::Test {
  protected:
    RouterTest() {
        for (const auto& [method, pattern] :
             std::vector<std::pair<std::string, std::string>>{{"GET", "/"},
                                                              {"GET", "/v1/jobs"},
                                                              {"POST", "/v1/jobs"},
                                                              {"GET", "/v1/jobs/{id}"},
                                                              {"DELETE", "/v1/jobs/{id}"},
                                                              {"POST", "/v1/jobs/stats"},
                                                              {"GET", "/v1/images/{id}/variants/{name}"},
                                                              {"GET", "/assets/{path...}"}}) {
            router_.add(method, pattern, {});
        }
    }

    [[nodiscard]] std::string pattern(std::string_view method, std::string_view path) const {
        const auto match = router_.match(method, path);
        if (const auto* found = std::get_if<RouteMatch>(&match))
            return found->route->method + " " + found->route->pattern;
        if (const auto* other = std::get_if<NoSuchMethod>(&match)) return "405 " + other->allow;
        return "404";
    }
    [[nodiscard]] std::string parameter(std::string_view path, const std::string& name) const {
        const auto match = router_.match("GET", path);
        return std::get<RouteMatch>(match).parameters.at(name);
    }

    Router router_;
};

TEST_F(RouterTest, FindsTheRoute) {
    EXPECT_EQ(pattern("GET", "/"), "GET /");
    EXPECT_EQ(pattern("GET", "/v1/jobs"), "GET /v1/jobs");
    EXPECT_EQ(pattern("POST", "/v1/jobs"), "POST /v1/jobs");
    EXPECT_EQ(pattern("GET", "/v1/%6Aobs"), "GET /v1/jobs");
    EXPECT_EQ(pattern("GET", "/v1/images/7/variants/thumbnail"), "GET /v1/images/{id}/variants/{name}");
}

TEST_F(RouterTest, TriesTheMostSpecificFirstAndThenTheOthers) {
    EXPECT_EQ(pattern("POST", "/v1/jobs/stats"), "POST /v1/jobs/stats");
    EXPECT_EQ(pattern("GET", "/v1/jobs/stats"), "GET /v1/jobs/{id}");
    EXPECT_EQ(pattern("PUT", "/v1/jobs/stats"), "405 POST, GET, HEAD, DELETE");
}

TEST_F(RouterTest, ServesHeadByGet) {
    EXPECT_EQ(pattern("HEAD", "/v1/jobs/7"), "GET /v1/jobs/{id}");
    EXPECT_EQ(pattern("HEAD", "/nowhere"), "404");
}

TEST_F(RouterTest, TellsAnUnknownMethodFromAnUnknownPath) {
    EXPECT_EQ(pattern("PATCH", "/v1/jobs"), "405 GET, HEAD, POST");
    EXPECT_EQ(pattern("OPTIONS", "/v1/jobs/7"), "405 GET, HEAD, DELETE");
    EXPECT_EQ(pattern("PATCH", "/v1/nothing"), "404");
    EXPECT_EQ(pattern("get", "/v1/jobs"), "405 GET, HEAD, POST");
}

TEST_F(RouterTest, DecodesParameters) {
    EXPECT_EQ(parameter("/v1/jobs/a%20b", "id"), "a b");
    EXPECT_EQ(parameter("/v1/jobs/a%2Fb", "id"), "a/b");
    EXPECT_EQ(parameter("/v1/jobs/a+b", "id"), "a+b");
    EXPECT_EQ(parameter("/assets/css/main.css", "path"), "css/main.css");
    EXPECT_EQ(parameter("/assets/..css", "path"), "..css");
}

TEST_F(RouterTest, MatchesNothingThatIsMalformedOrATrick) {
    for (const std::string_view path : {"",
                                        "*",
                                        "v1/jobs",
                                        "//",
                                        "/v1//jobs",
                                        "/v1/jobs/",
                                        "/v1/jobs/%",
                                        "/v1/jobs/%4",
                                        "/v1/jobs/%zz",
                                        "/v1/jobs/%00",
                                        "/v1/jobs/a%00b",
                                        "/v1/jobs/.",
                                        "/v1/jobs/..",
                                        "/v1/jobs/%2e%2e",
                                        "/v1/jobs/.%2E",
                                        "/v1/../v1/jobs",
                                        "/assets",
                                        "/assets/",
                                        "/assets/../secret",
                                        "/assets/a/%2e%2e/b",
                                        "/assets/a%2F..%2Fb",
                                        "/V1/jobs",
                                        "/v1/jobs/7/8"}) {
        EXPECT_EQ(pattern("GET", path), "404") << path;
    }
}

}  // namespace
}  // namespace safelight::http

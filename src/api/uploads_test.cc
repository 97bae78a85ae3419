// /v1/uploads: what tus 1.0 asks for, status by status.
#include <gtest/gtest.h>

#include <latch>

#include "api/testing/api_server.h"
#include "base/checksum.h"
#include "base/text.h"

namespace safelight {
namespace {

using testing::ApiServer;
using testing::Client;
using testing::Fields;
using testing::Reply;

std::string base64_of(std::string_view text) {
    return base64_encode(std::as_bytes(std::span(text)));
}

std::string sha1_of(std::string_view text) {
    ChecksumHasher hasher(ChecksumAlgorithm::sha1);
    hasher.update(std::as_bytes(std::span(text)));
    return "sha1 " + base64_encode(hasher.finish().value);
}

Fields with(Fields fields, const Fields& more) {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

class Uploads : public ::testing::Test {
  protected:
    static constexpr std::size_t picture_bytes = 1'000;

    [[nodiscard]] static Fields tus(const Fields& more = {}) {
        return with({{"Tus-Resumable", "1.0.0"}}, more);
    }
    [[nodiscard]] Reply create(const Fields& more = {}, std::size_t size_bytes = picture_bytes,
                               std::string_view query = "") const {
        return api.client().post("/v1/uploads" + std::string(query), "",
                                 tus(with({{"Upload-Length", std::to_string(size_bytes)}}, more)));
    }
    /// Where it is.
    [[nodiscard]] std::string begin(const Fields& more = {}, std::size_t size_bytes = picture_bytes) const {
        return create(more, size_bytes).headers.get("Location").value();
    }
    [[nodiscard]] Reply append(const std::string& url, std::size_t offset, std::string_view bytes,
                               const Fields& more = {}) const {
        return api.client().send("PATCH", url,
                                 tus(with({{"Upload-Offset", std::to_string(offset)},
                                           {"Content-Type", "application/offset+octet-stream"}},
                                          more)),
                                 bytes);
    }
    [[nodiscard]] std::string offset_of(const std::string& url) const {
        const Reply reply = api.client().send("HEAD", url, tus());
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.headers.get("Cache-Control"), "no-store");
        EXPECT_EQ(reply.headers.get("Upload-Length"), std::to_string(picture_bytes));
        return reply.headers.get("Upload-Offset").value_or("");
    }
    [[nodiscard]] boost::json::value job_at(const std::string& url) const {
        return api.client().get(url).json();
    }

    ApiServer api;
    const std::string picture = ApiServer::picture(picture_bytes);
};

TEST_F(Uploads, SayWhatIsSpokenHere) {
    for (const char* url : {"/v1/uploads", "/v1/uploads/01934b7e-5f00-7abc-8def-0123456789ab"}) {
        const Reply reply = api.client().send("OPTIONS", url);
        EXPECT_EQ(reply.status, 204);
        EXPECT_EQ(reply.headers.get("Tus-Resumable"), "1.0.0");
        EXPECT_EQ(reply.headers.get("Tus-Version"), "1.0.0");
        EXPECT_EQ(reply.headers.get("Tus-Extension"),
                  "creation,creation-with-upload,expiration,checksum,termination");
        EXPECT_EQ(reply.headers.get("Tus-Checksum-Algorithm"), "sha1,md5,sha256");
        EXPECT_EQ(reply.headers.get("Tus-Max-Size"), std::to_string(testing::test_picture_bytes_max));
    }
}

TEST_F(Uploads, InPiecesBecomeAJob) {
    const Reply created = create({{"Upload-Metadata", "filename " + base64_of("kitten.jpg") + ",metadata " +
                                                          base64_of(R"({"album":"7"})") + ",relativePath"}});
    ASSERT_EQ(created.status, 201) << created.body;
    EXPECT_EQ(created.headers.get("Tus-Resumable"), "1.0.0");
    EXPECT_TRUE(parse_http_date(created.headers.get("Upload-Expires").value_or("")));
    const std::string url = created.headers.get("Location").value();
    EXPECT_EQ(created.json().at("url").as_string(), url);
    EXPECT_EQ(offset_of(url), "0");

    const Reply first = append(url, 0, picture.substr(0, 400));
    EXPECT_EQ(first.status, 204);
    EXPECT_EQ(first.headers.get("Upload-Offset"), "400");
    EXPECT_FALSE(first.headers.has("Upload-Job"));
    EXPECT_EQ(offset_of(url), "400");
    EXPECT_EQ(append(url, 400, "").headers.get("Upload-Offset"), "400") << "nothing is allowed";

    const Reply last = append(url, 400, picture.substr(400));
    ASSERT_EQ(last.status, 204) << last.body;
    EXPECT_EQ(last.headers.get("Upload-Offset"), "1000");
    const std::string job = last.headers.get("Upload-Job").value();
    EXPECT_EQ(job_at(job).at("image").at("filename"), "kitten.jpg");
    EXPECT_EQ(job_at(job).at("metadata").at("album"), "7");
    EXPECT_EQ(job_at(job).at("image").at("bytes"), 1'000);

    // Whoever missed the answer finds the job all the same.
    EXPECT_EQ(offset_of(url), "1000");
    EXPECT_EQ(api.client().send("HEAD", url, tus()).headers.get("Upload-Job"), job);
    EXPECT_EQ(api.client().get(url).json().at("job_url").as_string(), job);
    EXPECT_EQ(append(url, 1'000, "").headers.get("Upload-Job"), job);
    EXPECT_EQ(append(url, 1'000, "x").status, 413);
    api.house.expect_in_order();
}

TEST_F(Uploads, MetadataComesBackAsItWas) {
    const std::string metadata =
        "filename " + base64_of("a.jpg") + ",note,variants " + base64_of("thumbnail");
    const std::string url = begin({{"Upload-Metadata", metadata}});
    EXPECT_EQ(api.client().send("HEAD", url, tus()).headers.get("Upload-Metadata"), metadata);
    EXPECT_FALSE(api.client().send("HEAD", begin(), tus()).headers.has("Upload-Metadata"));
}

TEST_F(Uploads, BytesMayComeWithTheCreation) {
    const Fields typed{{"Upload-Length", "1000"}, {"Content-Type", "application/offset+octet-stream"}};
    const Reply part = api.client().post("/v1/uploads", picture.substr(0, 300), tus(typed));
    ASSERT_EQ(part.status, 201) << part.body;
    EXPECT_EQ(part.headers.get("Upload-Offset"), "300");
    EXPECT_EQ(offset_of(part.headers.get("Location").value()), "300");
    const Reply whole = api.client().post("/v1/uploads?variants=&filename=b.jpg", picture, tus(typed));
    ASSERT_EQ(whole.status, 201) << whole.body;
    const auto job = job_at(whole.headers.get("Upload-Job").value());
    EXPECT_EQ(job.at("status"), "UNPROCESSED");
    EXPECT_EQ(job.at("image").at("filename"), "b.jpg");
    EXPECT_EQ(whole.json().at("job_url").as_string(), whole.headers.get("Upload-Job").value());
    api.house.expect_in_order();
}

TEST_F(Uploads, ACreationWhoseBytesAreRefusedLeavesNothing) {
    const Fields typed{{"Upload-Length", "1000"}, {"Content-Type", "application/offset+octet-stream"}};
    EXPECT_EQ(api.client().post("/v1/uploads", std::string(1'000, 'x'), tus(typed)).problem(),
              "unsupported-image");
    EXPECT_EQ(api.client().post("/v1/uploads", ApiServer::picture(1'001), tus(typed)).status, 413);
    EXPECT_EQ(api.client().post("/v1/uploads", picture, tus({{"Upload-Length", "1000"}})).status, 415);
    api.house.expect_nothing();
    EXPECT_EQ(testing::value_of(api.house.database->resumable_uploads().sweep(
                  10, api.clock.now() + std::chrono::hours{48})),
              0U);
}

TEST_F(Uploads, AWrongOffsetIsAConflict) {
    const std::string url = begin();
    ASSERT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    for (const std::size_t offset : {0U, 399U, 401U}) {
        const Reply reply = append(url, offset, picture.substr(offset));
        EXPECT_EQ(reply.status, 409) << offset;
        EXPECT_EQ(reply.headers.get("Upload-Offset"), "400") << "where to go on";
        EXPECT_EQ(reply.headers.get("Tus-Resumable"), "1.0.0");
    }
    EXPECT_EQ(offset_of(url), "400");
}

TEST_F(Uploads, AWrongChecksumLeavesTheOffset) {
    const std::string url = begin();
    const Reply wrong = append(url, 0, picture.substr(0, 400), {{"Upload-Checksum", sha1_of("other")}});
    EXPECT_EQ(wrong.status, 460);
    EXPECT_EQ(wrong.problem(), "checksum-mismatch");
    EXPECT_EQ(offset_of(url), "0");
    EXPECT_EQ(append(url, 0, "x", {{"Upload-Checksum", "crc32 AAAA"}}).status, 400);
    EXPECT_EQ(append(url, 0, picture, {{"Upload-Checksum", sha1_of(picture)}}).status, 204);
    api.house.expect_in_order();
}

TEST_F(Uploads, MoreThanIsMissingIsRefused) {
    const std::string url = begin();
    EXPECT_EQ(append(url, 0, ApiServer::picture(1'001)).status, 413);
    EXPECT_EQ(offset_of(url), "0");
    EXPECT_EQ(create({}, testing::test_picture_bytes_max + 1).status, 413);
    EXPECT_EQ(create({}, 0).problem(), "empty-payload");
}

TEST_F(Uploads, EveryRequestNeedsTheVersion) {
    const std::string url = begin();
    const Fields old{{"Tus-Resumable", "0.2.2"}, {"Upload-Length", "10"}, {"Upload-Offset", "0"}};
    for (const Fields& fields : {old, Fields{{"Upload-Length", "10"}}}) {
        const Reply reply = api.client().post("/v1/uploads", "", fields);
        EXPECT_EQ(reply.status, 412);
        EXPECT_EQ(reply.problem(), "unsupported-tus-version");
        EXPECT_EQ(reply.headers.get("Tus-Version"), "1.0.0");
    }
    EXPECT_EQ(api.client().send("PATCH", url, old, "x").status, 412);
    EXPECT_EQ(api.client().send("DELETE", url, old).status, 412);
}

TEST_F(Uploads, WhatIsMissingIsTold) {
    const std::string url = begin();
    EXPECT_EQ(api.client().post("/v1/uploads", "", tus()).status, 400);
    EXPECT_EQ(api.client().post("/v1/uploads", "", tus({{"Upload-Defer-Length", "1"}})).status, 400);
    EXPECT_EQ(create({{"Upload-Length", "x"}}).status, 400);
    EXPECT_EQ(create({{"Upload-Metadata", "filename !"}}).status, 400);
    EXPECT_EQ(create({{"Upload-Metadata", "variants " + base64_of("nonsense")}}).status, 400);
    EXPECT_EQ(create({{"Upload-Metadata", "filename " + base64_of("a")}}, 1, "?filename=b").status, 400);
    EXPECT_EQ(create({}, 1, "?filename=b").status, 201);
    EXPECT_EQ(create({}, 1, "?unknown=b").status, 400);
    EXPECT_EQ(api.client().send("PATCH", url, tus({{"Upload-Offset", "0"}}), "x").status, 415);
    const Fields typed{{"Content-Type", "application/offset+octet-stream"}};
    EXPECT_EQ(api.client().send("PATCH", url, tus(typed), "x").status, 400);
}

TEST_F(Uploads, OfOthersAndUnknownOnesAreNotFound) {
    ApiServer with_keys({.asks_for_keys = true});
    EXPECT_EQ(with_keys.client().post("/v1/uploads", "", tus({{"Upload-Length", "10"}})).status, 401);
    const std::string unknown = "/v1/uploads/01934b7e-5f00-7abc-8def-0123456789ab";
    EXPECT_EQ(api.client().send("HEAD", unknown, tus()).status, 404);
    EXPECT_EQ(append(unknown, 0, "x").status, 404);
    EXPECT_EQ(api.client().send("DELETE", unknown, tus()).status, 404);
    EXPECT_EQ(api.client().get("/v1/uploads/nonsense").status, 404);
}

TEST_F(Uploads, CanBeRemoved) {
    const std::string url = begin();
    ASSERT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    EXPECT_EQ(api.client().send("DELETE", url, tus()).status, 204);
    EXPECT_EQ(api.client().send("HEAD", url, tus()).status, 404);
    EXPECT_EQ(append(url, 400, picture.substr(400)).status, 404);
    api.house.expect_nothing();
}

TEST_F(Uploads, ClientsWithoutPatchMayPost) {
    const std::string url = begin();
    const Fields typed{{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}};
    const auto post = [&](const char* method) {
        return api.client().post(url, picture.substr(0, 400),
                                 tus(with(typed, {{"X-HTTP-Method-Override", method}})));
    };
    EXPECT_EQ(post("PATCH").headers.get("Upload-Offset"), "400");
    EXPECT_EQ(post("GET").status, 400);
    EXPECT_EQ(api.client().post(url, "", tus({{"X-HTTP-Method-Override", "DELETE"}})).status, 204);
    EXPECT_EQ(api.client().get(url).status, 404);
}

TEST_F(Uploads, WhatCameBeforeACutIsKept) {
    const std::string url = begin();
    {
        const testing::Connection connection(api.client().port);
        connection.send(api.client().head_of(
            "PATCH", url, tus({{"Upload-Offset", "0"}, {"Content-Type", "application/offset+octet-stream"}}),
            picture.size()));
        connection.send(picture.substr(0, 777));
    }
    api.house.script.await("append", 1);
    // The call is counted before it has its effect.
    while (offset_of(url) == "0") std::this_thread::yield();
    EXPECT_EQ(offset_of(url), "777");
    api.house.expect_in_order();
    EXPECT_TRUE(append(url, 777, picture.substr(777)).headers.has("Upload-Job"));
}

TEST_F(Uploads, PresetsThatChangeMeanwhileDoNotMatter) {
    const std::string url = begin({{"Upload-Metadata", "variants " + base64_of("thumbnail")}});
    ASSERT_EQ(append(url, 0, picture.substr(0, 400)).status, 204);
    api.presets = testing::value_of(
        Presets::parse(R"({"presets":{"thumbnail":{"resize":{"width":7,"height":7,"fit":"inside"}}}})"));
    const auto job = job_at(append(url, 400, picture.substr(400)).headers.get("Upload-Job").value());
    EXPECT_EQ(job.at("image").at("variants").at(0).at("transform").at("resize").at("width"), 100);
}

TEST_F(Uploads, ACreationWhoseJobWasMadeIsNotTakenBack) {
    // The answer of the database was lost on its way.
    api.house.script.after("create_job", testing::failing_once(ErrorCode::unavailable));
    const Reply created = api.client().post(
        "/v1/uploads", picture,
        tus({{"Upload-Length", "1000"}, {"Content-Type", "application/offset+octet-stream"}}));
    ASSERT_EQ(created.status, 201) << created.body;
    EXPECT_EQ(job_at(created.headers.get("Upload-Job").value()).at("image").at("bytes"), 1'000);
    EXPECT_EQ(offset_of(created.headers.get("Location").value()), "1000");
    api.house.expect_in_order();
}

TEST_F(Uploads, ACreationThatIsSentAgainIsAnsweredAgain) {
    const Fields keyed{{"Idempotency-Key", "once"}};
    const Reply first = create(keyed);
    const Reply again = create(keyed);
    ASSERT_EQ(first.status, 201);
    EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(create(keyed, picture_bytes + 1).status, 422);
    EXPECT_EQ(create(with(keyed, {{"Upload-Metadata", "note"}})).status, 422);
    const Fields typed{{"Upload-Length", "1000"},
                       {"Content-Type", "application/offset+octet-stream"},
                       {"Idempotency-Key", "with bytes"}};
    const Fields spaceless{{"Upload-Length", "1000"},
                           {"Content-Type", "application/offset+octet-stream"},
                           {"Idempotency-Key", "with-bytes"}};
    EXPECT_EQ(api.client().post("/v1/uploads", picture, tus(typed)).status, 400) << "a key has no spaces";
    const Reply whole = api.client().post("/v1/uploads", picture, tus(spaceless));
    ASSERT_EQ(whole.status, 201) << whole.body;
    EXPECT_EQ(api.client().post("/v1/uploads", picture, tus(spaceless)).headers.get("Upload-Job"),
              whole.headers.get("Upload-Job"));
    EXPECT_EQ(append(first.headers.get("Location").value(), 0, "", keyed).status, 204) << "is no POST";
}

}  // namespace
}  // namespace safelight

#include "http/multipart.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace safelight::http {
namespace {

/// Writes down what it is told.
class Recorder final : public MultipartSink {
  public:
    struct Part {
        PartHead head;
        std::string data;
        bool ended = false;
    };

    Status part_begins(const PartHead& head) override {
        parts.push_back({head, {}, false});
        return begin_status;
    }
    Status part_data(std::span<const std::byte> bytes) override {
        parts.back().data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        ++calls;
        return data_status;
    }
    Status part_ends() override {
        parts.back().ended = true;
        return {};
    }

    std::vector<Part> parts;
    std::size_t calls = 0;
    Status begin_status;
    Status data_status;
};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

Status parse(std::string_view text, Recorder& recorder, std::size_t step,
             const MultipartLimits& limits = {}) {
    MultipartParser parser("b0undary", limits, recorder);
    while (!text.empty()) {
        TRY(parser.feed(bytes_of(text.substr(0, step))));
        text.remove_prefix(std::min(step, text.size()));
    }
    return parser.finish();
}

std::string part(std::string_view head, std::string_view data) {
    return "--b0undary\r\n" + std::string(head) + "\r\n\r\n" + std::string(data) + "\r\n";
}

std::string file_part(std::string_view data) {
    return part(
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg",
        data);
}

const std::string end_line = "--b0undary--\r\n";

TEST(Multipart, TakesPartsApartAtEverySplit) {
    const std::string data("\r\n--b0undar\r\n-\r\r\n--b0undarX\0\r\n--b0undar", 39);
    const std::string text =
        "preamble\r\n" + part("Content-Disposition: form-data; name=\"metadata\"", "{}") + file_part(data) +
        part("content-disposition: form-data; name=empty", "") + end_line + "epilogue --b0undary";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        Recorder recorder;
        const auto status = parse(text, recorder, step);
        ASSERT_TRUE(status) << step << status.error().public_text;
        ASSERT_EQ(recorder.parts.size(), 3U) << step;
        EXPECT_EQ(recorder.parts[0].head.name, "metadata");
        EXPECT_EQ(recorder.parts[0].head.filename, std::nullopt);
        EXPECT_EQ(recorder.parts[0].data, "{}");
        EXPECT_EQ(recorder.parts[1].head.filename, "a.jpg");
        EXPECT_EQ(recorder.parts[1].head.content_type, "image/jpeg");
        EXPECT_EQ(recorder.parts[1].data, data) << step;
        EXPECT_EQ(recorder.parts[2].head.name, "empty");
        EXPECT_EQ(recorder.parts[2].data, "");
        for (const auto& each : recorder.parts) EXPECT_TRUE(each.ended);
    }
}

TEST(Multipart, TakesEverySplitInTwo) {
    const std::string data = "x\r\n--b0undar\r\r\n--b0undar\r\n";
    const std::string text = file_part(data) + file_part(data) + end_line;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        Recorder recorder;
        MultipartParser parser("b0undary", {}, recorder);
        ASSERT_TRUE(parser.feed(bytes_of(std::string_view(text).substr(0, at))));
        ASSERT_TRUE(parser.feed(bytes_of(std::string_view(text).substr(at))));
        ASSERT_TRUE(parser.finish());
        ASSERT_EQ(recorder.parts.size(), 2U);
        EXPECT_EQ(recorder.parts[0].data, data) << at;
        EXPECT_EQ(recorder.parts[1].data, data) << at;
    }
}

TEST(Multipart, PassesLargeDataOnInLargeSpans) {
    const std::string data(1 << 20, '\r');
    Recorder recorder;
    ASSERT_TRUE(parse(file_part(data) + end_line, recorder, 65'536));
    EXPECT_EQ(recorder.parts[0].data, data);
    EXPECT_LE(recorder.calls, 2U * (1 << 20) / 65'536 + 2);
}

TEST(Multipart, AllowsBlanksBehindTheBoundaryAndNothingElse) {
    Recorder recorder;
    const std::string head = "Content-Disposition: form-data; name=a\r\n\r\n1\r\n";
    EXPECT_TRUE(parse("--b0undary \t\r\n" + head + end_line, recorder, 1));
    EXPECT_EQ(recorder.parts[0].data, "1");
    for (const std::string_view line :
         {"--b0undaryX\r\n", "--b0undary\n", "--b0undary-\r\n", "--b0undary \r \n", "--b0undary\rX"}) {
        Recorder other;
        EXPECT_FALSE(parse(std::string(line) + head + end_line, other, 3)) << line;
    }
    Recorder padded;
    EXPECT_FALSE(parse("--b0undary" + std::string(1'000, ' ') + "\r\n" + head + end_line, padded, 100));
}

TEST(Multipart, ReadsNamesAsBrowsersAndToolsWriteThem) {
    const auto filename = [](std::string_view written) {
        Recorder recorder;
        const auto status =
            parse(part("Content-Disposition: form-data; name=file; filename=" + std::string(written), ""),
                  recorder, 4'096);
        EXPECT_FALSE(status);  // the closing boundary is missing
        return recorder.parts.empty() ? std::nullopt : recorder.parts[0].head.filename;
    };
    EXPECT_EQ(filename("\"a b.jpg\""), "a b.jpg");
    EXPECT_EQ(filename("plain.jpg"), "plain.jpg");
    EXPECT_EQ(filename("\"\""), "");
    EXPECT_EQ(filename("\"a%22b.jpg\""), "a\"b.jpg");
    EXPECT_EQ(filename("\"a\\\"b.jpg\""), "a\"b.jpg");
    EXPECT_EQ(filename("\"a\\\\b.jpg\""), "a\\b.jpg");
    EXPECT_EQ(filename("\"C:\\dir\\x.jpg\""), "C:\\dir\\x.jpg");
    EXPECT_EQ(filename("\"a;b=c.jpg\""), "a;b=c.jpg");
    EXPECT_EQ(filename("\"a%0d%0ab\""), "a%0d%0ab");
    EXPECT_EQ(filename("\"\xff\xc3\xa4\""), "\xff\xc3\xa4");
    EXPECT_EQ(filename("\"../../x\""), "../../x");
    EXPECT_EQ(filename("\"a\"; filename*=UTF-8''b"), "a");
    EXPECT_EQ(filename("\"a\"; size=3 ;"), "a");
    EXPECT_EQ(filename("\"unterminated"), std::nullopt);
    EXPECT_EQ(filename("\"a\" b"), std::nullopt);
    EXPECT_EQ(filename("\"a\"; filename=\"b\""), std::nullopt);
}

TEST(Multipart, RefusesBrokenPartHeads) {
    for (const std::string_view head :
         {"Content-Type: text/plain", "Content-Disposition: form-data",
          "Content-Disposition: form-data; name", "Content-Disposition: attachment; name=a",
          "Content-Disposition: form-data; name=a; name=b",
          "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a",
          "Content-Disposition : form-data; name=a", "Content-Disposition: form-data; name=a\r\n folded",
          "Content-Disposition: form-data; name=a\r\nno colon",
          "Content-Disposition: form-data; name=\"a\nb\"",
          "Content-Disposition: form-data; name=a\r\nContent-Type: multipart/mixed; boundary=x",
          "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", ""}) {
        Recorder recorder;
        const auto status = parse(part(head, "x") + end_line, recorder, 4'096);
        ASSERT_FALSE(status) << head;
        EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
        EXPECT_TRUE(recorder.parts.empty());
    }
    Recorder recorder;
    using namespace std::string_literals;
    EXPECT_FALSE(
        parse(part("Content-Disposition: form-data; name=\"a\0b\""s, "x") + end_line, recorder, 4'096));
}

TEST(Multipart, HoldsItsLimits) {
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += part("Content-Disposition: form-data; name=a", "x");
    Recorder counted;
    EXPECT_FALSE(parse(many + end_line, counted, 1'000));
    EXPECT_EQ(counted.parts.size(), 16U);

    Recorder headed;
    EXPECT_FALSE(parse("--b0undary\r\nX: " + std::string(1 << 20, 'x'), headed, 1'000));
    EXPECT_TRUE(headed.parts.empty());
    const std::string head = "Content-Disposition: form-data; name=a\r\nX: ";
    MultipartLimits tight;
    tight.part_header_bytes_max = static_cast<std::uint32_t>(head.size() + 10);
    EXPECT_TRUE(parse(part(head + "123456", "x") + end_line, headed, 7, tight));
    EXPECT_FALSE(parse(part(head + "1234567", "x") + end_line, headed, 7, tight));

    Recorder preamble;
    EXPECT_TRUE(parse(std::string(4'000, 'x') + "\r\n" + file_part("") + end_line, preamble, 100));
    EXPECT_FALSE(parse(std::string(1 << 20, 'x') + "\r\n" + file_part("") + end_line, preamble, 100));
}

TEST(Multipart, NeedsItsClosingBoundary) {
    for (const std::string& text :
         {std::string(), std::string("no boundary at all"), file_part("abc"), file_part("abc") + "--b0undary",
          file_part("abc") + "--b0undary-", std::string("--b0undary\r\nContent-Dis")}) {
        Recorder recorder;
        EXPECT_FALSE(parse(text, recorder, 5)) << text;
    }
    Recorder none;
    EXPECT_TRUE(parse("--b0undary--", none, 5));
    EXPECT_TRUE(none.parts.empty());
}

TEST(Multipart, ReturnsTheSinksErrors) {
    Recorder begins;
    begins.begin_status = failure(ErrorCode::conflict, "no");
    EXPECT_EQ(parse(file_part("a") + end_line, begins, 4'096).error().code, ErrorCode::conflict);
    Recorder takes;
    takes.data_status = failure(ErrorCode::storage_full, "no");
    EXPECT_EQ(parse(file_part("a") + end_line, takes, 4'096).error().code, ErrorCode::storage_full);
}

TEST(MultipartBoundary, IsReadFromTheContentType) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc").value(), "abc");
    EXPECT_EQ(multipart_boundary("Multipart/Form-Data;charset=utf-8; Boundary=\"a b'c\" ").value(), "a b'c");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')).value(),
              std::string(70, 'x'));
    for (const std::string& type :
         {std::string(), std::string("text/plain; boundary=a"), std::string("multipart/mixed; boundary=a"),
          std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
          std::string("multipart/form-data; boundary=\"\""), std::string("multipart/form-data; boundary=\"a"),
          std::string("multipart/form-data; boundary=\"a \""),
          std::string("multipart/form-data; boundary=a<b"), std::string("multipart/form-data; boundary=a\rb"),
          std::string("multipart/form-data; boundary=a; boundary=b"),
          "multipart/form-data; boundary=" + std::string(71, 'x'),
          "multipart/form-data; boundary=" + std::string(1'024, 'x')}) {
        const auto boundary = multipart_boundary(type);
        ASSERT_FALSE(boundary) << type;
        EXPECT_EQ(boundary.error().code, ErrorCode::invalid_argument);
    }
}

}  // namespace
}  // namespace safelight::http
